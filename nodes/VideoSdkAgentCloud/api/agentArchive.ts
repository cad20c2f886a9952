/** The files of `agent/` as a tar.gz, in base64. The build puts them here: see scripts/packAgent.js. */
export const AGENT_ARCHIVE = '' as string;

/** Of this package. The build puts it here as well. */
export const PACKAGE_VERSION = '' as string;
