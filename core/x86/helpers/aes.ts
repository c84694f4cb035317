/**
 * AES rounds (FIPS 197; SDM vol. 2, AESENC and kin) with combined tables: a column of the next state is the XOR of four
 * table words, one for each byte that ShiftRows brings into it. And the carry-less product of PCLMULQDQ.
 */
import type { AddressSpace } from '../../mem/address-space.ts';
import { AES_OPERATIONS } from '../insn/crypto.ts';
import type { HelperFunction } from './general.ts';

const sbox = new Uint8Array(256);
const inverseSbox = new Uint8Array(256);
/** MixColumns of a substituted byte in row 0, as a little-endian column; other rows are rotations. */
const encryptTable = new Int32Array(256);
const decryptTable = new Int32Array(256);
const mixInverseTable = new Int32Array(256);

const double = (x: number): number => ((x << 1) ^ (x & 0x80 ? 0x11b : 0)) & 0xff;

function multiply(x: number, by: number): number {
  let product = 0;
  for (let factor = by, power = x; factor; factor >>= 1, power = double(power)) if (factor & 1) product ^= power;
  return product;
}

function buildTables(): void {
  // Walks the field by the generator 3 (p) and its inverse (q), so that q is always the inverse of p.
  let p = 1;
  let q = 1;
  do {
    p = p ^ double(p);
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q &= 0xff;
    if (q & 0x80) q ^= 0x09;
    const spread = q ^ (q << 1) ^ (q << 2) ^ (q << 3) ^ (q << 4);
    sbox[p] = ((spread ^ (spread >> 8)) & 0xff) ^ 0x63;
  } while (p !== 1);
  sbox[0] = 0x63;
  const column = (x: number, by: readonly number[]): number =>
    by.reduce((w, f, i) => w | (multiply(x, f) << (8 * i)), 0);
  for (let i = 0; i < 256; i++) inverseSbox[sbox[i]!] = i;
  for (let i = 0; i < 256; i++) {
    encryptTable[i] = column(sbox[i]!, [2, 1, 1, 3]);
    decryptTable[i] = column(inverseSbox[i]!, [14, 9, 13, 11]);
    mixInverseTable[i] = column(i, [14, 9, 13, 11]);
  }
}

const rotl = (x: number, n: number): number => (x << n) | (x >>> (32 - n));
const byteOf = (x: number, i: number): number => (x >>> (8 * i)) & 0xff;
const state = new Int32Array(4);
const result = new Int32Array(4);

/** Byte `row` of the column that ShiftRows (or its inverse) moves into column `i`. */
const shifted = (i: number, row: number, isInverse: boolean): number =>
  byteOf(state[(i + (isInverse ? 4 - row : row)) & 3]!, row);

function round(table: Int32Array, isInverse: boolean): void {
  for (let i = 0; i < 4; i++) {
    let column = 0;
    for (let row = 0; row < 4; row++) column ^= rotl(table[shifted(i, row, isInverse)]!, 8 * row);
    result[i] = column;
  }
}

function lastRound(box: Uint8Array, isInverse: boolean): void {
  for (let i = 0; i < 4; i++) {
    let column = 0;
    for (let row = 0; row < 4; row++) column |= box[shifted(i, row, isInverse)]! << (8 * row);
    result[i] = column;
  }
}

function substituteWord(x: number): number {
  return [0, 1, 2, 3].reduce((w, i) => w | (sbox[byteOf(x, i)]! << (8 * i)), 0);
}

function aes(space: AddressSpace, operation: number, destination: number, source: number, imm: number): void {
  const { dv } = space;
  if (sbox[0] === 0) buildTables();
  const name = AES_OPERATIONS[operation]!;
  const isUnary = name === 'aesimc' || name === 'aeskeygenassist';
  for (let i = 0; i < 4; i++) state[i] = dv.getInt32((isUnary ? source : destination) + 4 * i, true);
  if (name === 'aesenc') round(encryptTable, false);
  else if (name === 'aesenclast') lastRound(sbox, false);
  else if (name === 'aesdec') round(decryptTable, true);
  else if (name === 'aesdeclast') lastRound(inverseSbox, true);
  else if (name === 'aesimc') mixInverse();
  else keyAssist(imm);
  for (let i = 0; i < 4; i++) {
    const key = isUnary ? 0 : dv.getInt32(source + 4 * i, true);
    dv.setInt32(destination + 4 * i, result[i]! ^ key, true);
  }
}

function mixInverse(): void {
  for (let i = 0; i < 4; i++) {
    let column = 0;
    for (let row = 0; row < 4; row++) column ^= rotl(mixInverseTable[byteOf(state[i]!, row)]!, 8 * row);
    result[i] = column;
  }
}

function keyAssist(imm: number): void {
  for (const half of [0, 2]) {
    const word = substituteWord(state[half + 1]!);
    result[half] = word;
    result[half + 1] = rotl(word, 24) ^ imm;
  }
}

/** 64×64 → 127 bits without carries; immediate bits 0 and 4 choose the halves. */
function carryless(space: AddressSpace, destination: number, source: number, imm: number): void {
  const a = space.dv.getBigUint64(destination + (imm & 1 ? 8 : 0), true);
  const x = space.dv.getBigUint64(source + (imm & 16 ? 8 : 0), true);
  const parts = [a & 0xffffffffn, a >> 32n, x & 0xffffffffn, x >> 32n].map(Number) as [number, number, number, number];
  const words = new Int32Array(4);
  for (const [i, left] of [parts[0], parts[1]].entries()) {
    for (const [j, right] of [parts[2], parts[3]].entries()) addProduct(words, i + j, left, right);
  }
  for (let i = 0; i < 4; i++) space.dv.setInt32(destination + 4 * i, words[i]!, true);
}

/** XORs the 63-bit product of two 32-bit values into two words. */
function addProduct(words: Int32Array, at: number, left: number, right: number): void {
  let low = 0;
  let high = 0;
  for (let bit = 0; bit < 32; bit++) {
    const mask = -((right >>> bit) & 1);
    low ^= (left << bit) & mask;
    if (bit > 0) high ^= (left >>> (32 - bit)) & mask;
  }
  words[at]! ^= low;
  words[at + 1]! ^= high;
}

export function cryptoHelpers(space: AddressSpace): Record<string, HelperFunction> {
  return {
    aes: (operation, destination, source, imm) => {
      aes(space, operation!, destination! >>> 0, source! >>> 0, imm!);
      return undefined;
    },
    carryless: (destination, source, imm) => {
      carryless(space, destination! >>> 0, source! >>> 0, imm!);
      return undefined;
    },
  };
}
