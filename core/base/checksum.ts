/**
 * A checksum that finds damage in files at the speed of memory: a few milliseconds matter at a start, and JavaScript that
 * has just been loaded takes tens of them for a megabyte. It is no protection against an attacker. The work is done by a
 * WebAssembly module of one function, written here as bytes since `core/wasm` lies above this layer:
 *
 *     sum(end: i32, h: i64) -> i64      ;; end is a multiple of 8, at least 8
 *       at = 0
 *       do { h = (h ^ i64[at]) * 0x9e3779b97f4a7c15; h = h ^ (h >> 32); at += 8 } while (at < end)
 */
const PAGE = 65536;

// biome-ignore format: one line for each section, and for each step of the function
const MODULE = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  1, 7, 1, 0x60, 2, 0x7f, 0x7e, 1, 0x7e,
  3, 2, 1, 0,
  5, 4, 1, 1, 1, 1,
  7, 14, 2, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 1, 0x73, 0, 0,
  10, 53, 1, 51, 1, 1, 0x7f,
  0x03, 0x40,
  0x20, 1, 0x20, 2, 0x29, 3, 0, 0x85,
  0x42, 0x95, 0xf8, 0xa9, 0xfa, 0x97, 0xb7, 0xde, 0x9b, 0x9e, 0x7f, 0x7e, 0x22, 1,
  0x20, 1, 0x42, 32, 0x88, 0x85, 0x21, 1,
  0x20, 2, 0x41, 8, 0x6a, 0x22, 2, 0x20, 0, 0x48, 0x0d, 0,
  0x0b,
  0x20, 1,
  0x0b,
]);

interface Summer {
  bytes: Uint8Array;
  sum: (end: number, hash: bigint) => bigint;
}

let made: Summer | undefined;

function summer(): Summer {
  if (made === undefined) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(MODULE));
    const memory = exports.memory as WebAssembly.Memory;
    made = { bytes: new Uint8Array(memory.buffer), sum: exports.s as Summer['sum'] };
  }
  return made;
}

/** 64 bits that depend on every byte of `bytes`, their order and their number. */
export function checksum(bytes: Uint8Array): bigint {
  const { bytes: page, sum } = summer();
  let hash = BigInt(bytes.length);
  for (let at = 0; at < bytes.length; at += PAGE) {
    const piece = bytes.subarray(at, at + PAGE);
    page.set(piece);
    const end = (piece.length + 7) & ~7;
    page.fill(0, piece.length, end);
    hash = sum(end, hash);
  }
  return BigInt.asUintN(64, hash);
}
