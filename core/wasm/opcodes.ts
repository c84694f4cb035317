/**
 * WebAssembly's numeric, conversion and vector instructions by their text names (WebAssembly 3.0, chapter 5.4): encoding,
 * operand types and result type. The IR's pure operations are exactly these.
 *
 * Memory and control instructions are not here: they are emitted by name in code.ts.
 */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

export interface WasmOp {
  readonly name: string;
  /** 0 for plain opcodes, else the prefix byte 0xfc or 0xfd. */
  readonly prefix: number;
  readonly code: number;
  readonly params: readonly ValueType[];
  readonly result: ValueType;
  /** Lane immediate follows (extract_lane, replace_lane). */
  readonly hasLane: boolean;
}

const ops = new Map<string, WasmOp>();

function define(
  prefix: number,
  code: number,
  name: string,
  params: ValueType[],
  result: ValueType,
  hasLane = false,
): void {
  ops.set(name, { name, prefix, code, params, result, hasLane });
}

/** Consecutive codes from `first`; `_` skips one. */
function run(first: number, type: string, names: string, params: ValueType[], result: ValueType, prefix = 0): void {
  let code = first;
  for (const name of names.split(' ')) {
    if (name !== '_') define(prefix, code, `${type}.${name}`, params, result);
    code++;
  }
}

const COMPARE = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const FLOAT_COMPARE = 'eq ne lt gt le ge';
const INT_BINARY = 'add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr';
const FLOAT_UNARY = 'abs neg ceil floor trunc nearest sqrt';
const FLOAT_BINARY = 'add sub mul div min max copysign';

define(0, 0x45, 'i32.eqz', ['i32'], 'i32');
run(0x46, 'i32', COMPARE, ['i32', 'i32'], 'i32');
define(0, 0x50, 'i64.eqz', ['i64'], 'i32');
run(0x51, 'i64', COMPARE, ['i64', 'i64'], 'i32');
run(0x5b, 'f32', FLOAT_COMPARE, ['f32', 'f32'], 'i32');
run(0x61, 'f64', FLOAT_COMPARE, ['f64', 'f64'], 'i32');
run(0x67, 'i32', 'clz ctz popcnt', ['i32'], 'i32');
run(0x6a, 'i32', INT_BINARY, ['i32', 'i32'], 'i32');
run(0x79, 'i64', 'clz ctz popcnt', ['i64'], 'i64');
run(0x7c, 'i64', INT_BINARY, ['i64', 'i64'], 'i64');
run(0x8b, 'f32', FLOAT_UNARY, ['f32'], 'f32');
run(0x92, 'f32', FLOAT_BINARY, ['f32', 'f32'], 'f32');
run(0x99, 'f64', FLOAT_UNARY, ['f64'], 'f64');
run(0xa0, 'f64', FLOAT_BINARY, ['f64', 'f64'], 'f64');

for (const [code, name, from, to] of [
  [0xa7, 'i32.wrap_i64', 'i64', 'i32'],
  [0xac, 'i64.extend_i32_s', 'i32', 'i64'],
  [0xad, 'i64.extend_i32_u', 'i32', 'i64'],
  [0xb2, 'f32.convert_i32_s', 'i32', 'f32'],
  [0xb3, 'f32.convert_i32_u', 'i32', 'f32'],
  [0xb4, 'f32.convert_i64_s', 'i64', 'f32'],
  [0xb5, 'f32.convert_i64_u', 'i64', 'f32'],
  [0xb6, 'f32.demote_f64', 'f64', 'f32'],
  [0xb7, 'f64.convert_i32_s', 'i32', 'f64'],
  [0xb8, 'f64.convert_i32_u', 'i32', 'f64'],
  [0xb9, 'f64.convert_i64_s', 'i64', 'f64'],
  [0xba, 'f64.convert_i64_u', 'i64', 'f64'],
  [0xbb, 'f64.promote_f32', 'f32', 'f64'],
  [0xbc, 'i32.reinterpret_f32', 'f32', 'i32'],
  [0xbd, 'i64.reinterpret_f64', 'f64', 'i64'],
  [0xbe, 'f32.reinterpret_i32', 'i32', 'f32'],
  [0xbf, 'f64.reinterpret_i64', 'i64', 'f64'],
  [0xc0, 'i32.extend8_s', 'i32', 'i32'],
  [0xc1, 'i32.extend16_s', 'i32', 'i32'],
  [0xc2, 'i64.extend8_s', 'i64', 'i64'],
  [0xc3, 'i64.extend16_s', 'i64', 'i64'],
  [0xc4, 'i64.extend32_s', 'i64', 'i64'],
] as const) {
  define(0, code, name, [from], to);
}
for (const [code, name, from, to] of [
  [0, 'i32.trunc_sat_f32_s', 'f32', 'i32'],
  [1, 'i32.trunc_sat_f32_u', 'f32', 'i32'],
  [2, 'i32.trunc_sat_f64_s', 'f64', 'i32'],
  [3, 'i32.trunc_sat_f64_u', 'f64', 'i32'],
  [4, 'i64.trunc_sat_f32_s', 'f32', 'i64'],
  [5, 'i64.trunc_sat_f32_u', 'f32', 'i64'],
  [6, 'i64.trunc_sat_f64_s', 'f64', 'i64'],
  [7, 'i64.trunc_sat_f64_u', 'f64', 'i64'],
] as const) {
  define(0xfc, code, name, [from], to);
}

// Vector instructions (prefix 0xfd).
const V: ValueType[] = ['v128'];
const VV: ValueType[] = ['v128', 'v128'];
const SIMD = 0xfd;
define(SIMD, 0x0e, 'i8x16.swizzle', VV, 'v128');
for (const [code, shape, from] of [
  [0x0f, 'i8x16', 'i32'],
  [0x10, 'i16x8', 'i32'],
  [0x11, 'i32x4', 'i32'],
  [0x12, 'i64x2', 'i64'],
  [0x13, 'f32x4', 'f32'],
  [0x14, 'f64x2', 'f64'],
] as const) {
  define(SIMD, code, `${shape}.splat`, [from], 'v128');
}
for (const [code, name, lane] of [
  [0x15, 'i8x16.extract_lane_s', 'i32'],
  [0x16, 'i8x16.extract_lane_u', 'i32'],
  [0x18, 'i16x8.extract_lane_s', 'i32'],
  [0x19, 'i16x8.extract_lane_u', 'i32'],
  [0x1b, 'i32x4.extract_lane', 'i32'],
  [0x1d, 'i64x2.extract_lane', 'i64'],
  [0x1f, 'f32x4.extract_lane', 'f32'],
  [0x21, 'f64x2.extract_lane', 'f64'],
] as const) {
  define(SIMD, code, name, V, lane, true);
}
for (const [code, name, lane] of [
  [0x17, 'i8x16.replace_lane', 'i32'],
  [0x1a, 'i16x8.replace_lane', 'i32'],
  [0x1c, 'i32x4.replace_lane', 'i32'],
  [0x1e, 'i64x2.replace_lane', 'i64'],
  [0x20, 'f32x4.replace_lane', 'f32'],
  [0x22, 'f64x2.replace_lane', 'f64'],
] as const) {
  define(SIMD, code, name, ['v128', lane], 'v128', true);
}
run(0x23, 'i8x16', COMPARE, VV, 'v128', SIMD);
run(0x2d, 'i16x8', COMPARE, VV, 'v128', SIMD);
run(0x37, 'i32x4', COMPARE, VV, 'v128', SIMD);
run(0x41, 'f32x4', FLOAT_COMPARE, VV, 'v128', SIMD);
run(0x47, 'f64x2', FLOAT_COMPARE, VV, 'v128', SIMD);
define(SIMD, 0x4d, 'v128.not', V, 'v128');
run(0x4e, 'v128', 'and andnot or xor', VV, 'v128', SIMD);
define(SIMD, 0x52, 'v128.bitselect', ['v128', 'v128', 'v128'], 'v128');
define(SIMD, 0x53, 'v128.any_true', V, 'i32');
define(SIMD, 0x5e, 'f32x4.demote_f64x2_zero', V, 'v128');
define(SIMD, 0x5f, 'f64x2.promote_low_f32x4', V, 'v128');
for (const [base, shape] of [
  [0x60, 'i8x16'],
  [0x80, 'i16x8'],
  [0xa0, 'i32x4'],
  [0xc0, 'i64x2'],
] as const) {
  define(SIMD, base, `${shape}.abs`, V, 'v128');
  define(SIMD, base + 1, `${shape}.neg`, V, 'v128');
  define(SIMD, base + 3, `${shape}.all_true`, V, 'i32');
  define(SIMD, base + 4, `${shape}.bitmask`, V, 'i32');
  for (const [i, name] of ['shl', 'shr_s', 'shr_u'].entries()) {
    define(SIMD, base + 11 + i, `${shape}.${name}`, ['v128', 'i32'], 'v128');
  }
  define(SIMD, base + 14, `${shape}.add`, VV, 'v128');
  define(SIMD, base + 17, `${shape}.sub`, VV, 'v128');
}
for (const [code, name] of [
  [0x65, 'i8x16.narrow_i16x8_s'],
  [0x66, 'i8x16.narrow_i16x8_u'],
  [0x6f, 'i8x16.add_sat_s'],
  [0x70, 'i8x16.add_sat_u'],
  [0x72, 'i8x16.sub_sat_s'],
  [0x73, 'i8x16.sub_sat_u'],
  [0x76, 'i8x16.min_s'],
  [0x77, 'i8x16.min_u'],
  [0x78, 'i8x16.max_s'],
  [0x79, 'i8x16.max_u'],
  [0x7b, 'i8x16.avgr_u'],
  [0x82, 'i16x8.q15mulr_sat_s'],
  [0x85, 'i16x8.narrow_i32x4_s'],
  [0x86, 'i16x8.narrow_i32x4_u'],
  [0x8f, 'i16x8.add_sat_s'],
  [0x90, 'i16x8.add_sat_u'],
  [0x92, 'i16x8.sub_sat_s'],
  [0x93, 'i16x8.sub_sat_u'],
  [0x95, 'i16x8.mul'],
  [0x96, 'i16x8.min_s'],
  [0x97, 'i16x8.min_u'],
  [0x98, 'i16x8.max_s'],
  [0x99, 'i16x8.max_u'],
  [0x9b, 'i16x8.avgr_u'],
  [0x9c, 'i16x8.extmul_low_i8x16_s'],
  [0x9d, 'i16x8.extmul_high_i8x16_s'],
  [0x9e, 'i16x8.extmul_low_i8x16_u'],
  [0x9f, 'i16x8.extmul_high_i8x16_u'],
  [0xb5, 'i32x4.mul'],
  [0xb6, 'i32x4.min_s'],
  [0xb7, 'i32x4.min_u'],
  [0xb8, 'i32x4.max_s'],
  [0xb9, 'i32x4.max_u'],
  [0xba, 'i32x4.dot_i16x8_s'],
  [0xbc, 'i32x4.extmul_low_i16x8_s'],
  [0xbd, 'i32x4.extmul_high_i16x8_s'],
  [0xbe, 'i32x4.extmul_low_i16x8_u'],
  [0xbf, 'i32x4.extmul_high_i16x8_u'],
  [0xd5, 'i64x2.mul'],
  [0xd6, 'i64x2.eq'],
  [0xd7, 'i64x2.ne'],
  [0xd8, 'i64x2.lt_s'],
  [0xd9, 'i64x2.gt_s'],
  [0xda, 'i64x2.le_s'],
  [0xdb, 'i64x2.ge_s'],
  [0xdc, 'i64x2.extmul_low_i32x4_s'],
  [0xdd, 'i64x2.extmul_high_i32x4_s'],
  [0xde, 'i64x2.extmul_low_i32x4_u'],
  [0xdf, 'i64x2.extmul_high_i32x4_u'],
] as const) {
  define(SIMD, code, name, VV, 'v128');
}
for (const [code, name] of [
  [0x62, 'i8x16.popcnt'],
  [0x67, 'f32x4.ceil'],
  [0x68, 'f32x4.floor'],
  [0x69, 'f32x4.trunc'],
  [0x6a, 'f32x4.nearest'],
  [0x74, 'f64x2.ceil'],
  [0x75, 'f64x2.floor'],
  [0x7a, 'f64x2.trunc'],
  [0x94, 'f64x2.nearest'],
  [0x7c, 'i16x8.extadd_pairwise_i8x16_s'],
  [0x7d, 'i16x8.extadd_pairwise_i8x16_u'],
  [0x7e, 'i32x4.extadd_pairwise_i16x8_s'],
  [0x7f, 'i32x4.extadd_pairwise_i16x8_u'],
  [0x87, 'i16x8.extend_low_i8x16_s'],
  [0x88, 'i16x8.extend_high_i8x16_s'],
  [0x89, 'i16x8.extend_low_i8x16_u'],
  [0x8a, 'i16x8.extend_high_i8x16_u'],
  [0xa7, 'i32x4.extend_low_i16x8_s'],
  [0xa8, 'i32x4.extend_high_i16x8_s'],
  [0xa9, 'i32x4.extend_low_i16x8_u'],
  [0xaa, 'i32x4.extend_high_i16x8_u'],
  [0xc7, 'i64x2.extend_low_i32x4_s'],
  [0xc8, 'i64x2.extend_high_i32x4_s'],
  [0xc9, 'i64x2.extend_low_i32x4_u'],
  [0xca, 'i64x2.extend_high_i32x4_u'],
  [0xe0, 'f32x4.abs'],
  [0xe1, 'f32x4.neg'],
  [0xe3, 'f32x4.sqrt'],
  [0xec, 'f64x2.abs'],
  [0xed, 'f64x2.neg'],
  [0xef, 'f64x2.sqrt'],
  [0xf8, 'i32x4.trunc_sat_f32x4_s'],
  [0xf9, 'i32x4.trunc_sat_f32x4_u'],
  [0xfa, 'f32x4.convert_i32x4_s'],
  [0xfb, 'f32x4.convert_i32x4_u'],
  [0xfc, 'i32x4.trunc_sat_f64x2_s_zero'],
  [0xfd, 'i32x4.trunc_sat_f64x2_u_zero'],
  [0xfe, 'f64x2.convert_low_i32x4_s'],
  [0xff, 'f64x2.convert_low_i32x4_u'],
] as const) {
  define(SIMD, code, name, V, 'v128');
}
run(0xe4, 'f32x4', 'add sub mul div min max pmin pmax', VV, 'v128', SIMD);
run(0xf0, 'f64x2', 'add sub mul div min max pmin pmax', VV, 'v128', SIMD);

/** Looks an operation up by its text name; asking for one that does not exist is our bug. */
export function wasmOp(name: string): WasmOp {
  const op = ops.get(name);
  if (op === undefined) throw new Error(`no such wasm instruction: ${name}`);
  return op;
}

/** Loads and stores: opcode, natural alignment (log2), type on the stack. */
export interface MemoryOp {
  readonly prefix: number;
  readonly code: number;
  readonly align: number;
  readonly type: ValueType;
}

const memoryOp = (code: number, align: number, type: ValueType, prefix = 0): MemoryOp => ({
  prefix,
  code,
  align,
  type,
});

export const loads = {
  'i32.load': memoryOp(0x28, 2, 'i32'),
  'i64.load': memoryOp(0x29, 3, 'i64'),
  'f32.load': memoryOp(0x2a, 2, 'f32'),
  'f64.load': memoryOp(0x2b, 3, 'f64'),
  'i32.load8_s': memoryOp(0x2c, 0, 'i32'),
  'i32.load8_u': memoryOp(0x2d, 0, 'i32'),
  'i32.load16_s': memoryOp(0x2e, 1, 'i32'),
  'i32.load16_u': memoryOp(0x2f, 1, 'i32'),
  'i64.load8_s': memoryOp(0x30, 0, 'i64'),
  'i64.load8_u': memoryOp(0x31, 0, 'i64'),
  'i64.load16_s': memoryOp(0x32, 1, 'i64'),
  'i64.load16_u': memoryOp(0x33, 1, 'i64'),
  'i64.load32_s': memoryOp(0x34, 2, 'i64'),
  'i64.load32_u': memoryOp(0x35, 2, 'i64'),
  'v128.load': memoryOp(0x00, 4, 'v128', SIMD),
  'v128.load64_splat': memoryOp(0x0a, 3, 'v128', SIMD),
  'v128.load32_zero': memoryOp(0x5c, 2, 'v128', SIMD),
  'v128.load64_zero': memoryOp(0x5d, 3, 'v128', SIMD),
} as const;

export const stores = {
  'i32.store': memoryOp(0x36, 2, 'i32'),
  'i64.store': memoryOp(0x37, 3, 'i64'),
  'f32.store': memoryOp(0x38, 2, 'f32'),
  'f64.store': memoryOp(0x39, 3, 'f64'),
  'i32.store8': memoryOp(0x3a, 0, 'i32'),
  'i32.store16': memoryOp(0x3b, 1, 'i32'),
  'i64.store8': memoryOp(0x3c, 0, 'i64'),
  'i64.store16': memoryOp(0x3d, 1, 'i64'),
  'i64.store32': memoryOp(0x3e, 2, 'i64'),
  'v128.store': memoryOp(0x0b, 4, 'v128', SIMD),
} as const;

export type LoadName = keyof typeof loads;
export type StoreName = keyof typeof stores;
