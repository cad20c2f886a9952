// n8n finds the nodes and the credential through the "n8n" entry of package.json; there is nothing to import from here.
module.exports = {};
