/** How large the published package may be, in bytes. */
export const MAXIMUM_PACKED_BYTES = 80_000;
export const MAXIMUM_UNPACKED_BYTES = 320_000;
