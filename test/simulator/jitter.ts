/** `SIMULATOR_JITTER_MS`: answers and events come up to so much later, at random, as over the internet. */
const MAX_JITTER_MS = Number(process.env.SIMULATOR_JITTER_MS ?? 0);

/** @returns by how much the next answer or event is late, in ms */
export const jitterMs = (): number => Math.random() * MAX_JITTER_MS;
