/**
 * Names of bits or values, as strace prints them. A row with a mask names the value of a field of several bits: it is
 * shown when `(value & mask) === value of the row`, zero included (`O_RDONLY`).
 */
export type NameTable = readonly (readonly [name: string, value: number, mask?: number])[];
