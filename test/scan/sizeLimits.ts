/** How large the published package may be, in bytes. */
export const MAXIMUM_PACKED_BYTES = 100_000;
export const MAXIMUM_UNPACKED_BYTES = 400_000;
