/** The files of `agent/` as a tar.gz, in base64. The build puts them here: see scripts/packAgent.js. */
export const AGENT_ARCHIVE = '' as string;

/** The version of this package, which the build puts here as well. */
export const PACKAGE_VERSION = '' as string;
