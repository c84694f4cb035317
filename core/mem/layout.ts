/**
 * Layout of the one wasm linear memory (shared, memory32) that an address space owns.
 *
 *   0x0000_0000  vCPU state (core/vcpu/state.ts), scratch for helpers           64 KiB
 *   0x0001_0000  jump cache: (guest ip, op record) pairs                        512 KiB
 *   0x0010_0000  permission table: one byte for each guest page                 1 MiB
 *   0x0020_0000  op cache: pre-decoded instructions of tier 0                   62 MiB
 *   0x0400_0000  guest address 0; guest page 0..15 (64 KiB) are never mapped
 *
 * A guest virtual address `gva` (< GUEST_TOP) lies at memory offset GUEST_BASE + gva; emitted code puts GUEST_BASE in
 * the memarg offset, where it costs nothing. The memory grows as guest addresses come into use.
 */
export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;

export const STATE_BASE = 0;
export const JUMP_CACHE = 0x1_0000;
/** Entries of 8 bytes: u32 guest ip, u32 address of its op record. */
export const JUMP_CACHE_ENTRIES = 0x1_0000;
export const PERM_TABLE = 0x10_0000;
export const OP_CACHE = 0x20_0000;
export const OP_CACHE_END = 0x400_0000;
export const GUEST_BASE = 0x400_0000;
/** One past the highest guest virtual address. */
export const GUEST_TOP = 0x1_0000_0000 - GUEST_BASE;
/** Lowest address that mmap hands out or accepts (Linux: vm.mmap_min_addr). */
export const MMAP_MIN_ADDR = 0x1_0000;

/**
 * The permission byte of a page, as emitted checks and the kernel read it.
 *
 * | bit | name     | meaning                                                                              |
 * |-----|----------|--------------------------------------------------------------------------------------|
 * | 0   | READ     | loads go straight to memory                                                          |
 * | 1   | WRITE    | stores go straight to memory; clear while a store must take the slow path             |
 * | 2   | EXEC     | instructions may be fetched                                                          |
 * | 3   | MAYWRITE | the mapping allows stores (WRITE may still be clear: first touch, code page)          |
 * | 4   | CODE     | decoded instructions of this page are cached; a store must drop them first            |
 * | 5   | RESIDENT | counted against the VM's memory                                                      |
 * | 6   | MAPPED   | belongs to a VMA (PROT_NONE pages have only this)                                     |
 * | 7   | TRACKED  | shared file page: what the fast bits don't allow is for the owner of the mapping      |
 */
export const PERM_READ = 1;
export const PERM_WRITE = 2;
export const PERM_EXEC = 4;
export const PERM_MAYWRITE = 8;
export const PERM_CODE = 16;
export const PERM_RESIDENT = 32;
export const PERM_MAPPED = 64;
export const PERM_TRACKED = 128;
