#!/bin/sh
# Puts the package of this image into n8n's user folder, and then starts n8n as its own image does.
# At each start, because a volume over /home/node/.n8n hides what the image has there and would keep an old version forever.
set -eu
here=$(dirname "$0")
node "$here/placePackage.js" "$here/package"
exec "${N8N_ENTRYPOINT:-/docker-entrypoint.sh}" "$@"
