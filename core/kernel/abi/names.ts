/** Names of bits or values, as strace prints them; structurally the NameTable of syscall/args.ts. */
export type NameTable = readonly (readonly [name: string, value: number])[];
