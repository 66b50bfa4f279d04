/** `size`, rounded up to a multiple of `to`. */
export const aligned = (size: number, to: number): number => Math.ceil(size / to) * to
