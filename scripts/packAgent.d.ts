/** @returns the agent's files as a tar.gz, the same for the same files */
export function packAgent(): Promise<Buffer>;
