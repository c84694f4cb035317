import { describe, expect, it } from 'vitest';
import { ByteWriter, CodeWriter, ModuleWriter } from '../../../../core/wasm/module.ts';
import { type LoadName, loads, type StoreName, stores, type ValueType } from '../../../../core/wasm/opcodes.ts';

function written(write: (w: ByteWriter) => void): string {
  const w = new ByteWriter();
  write(w);
  return Buffer.from(w.view()).toString('hex');
}

/** Reads LEB128 as the specification has it, without this writer's help. */
function readSigned(hex: string): bigint {
  const bytes = Buffer.from(hex, 'hex');
  let value = 0n;
  bytes.forEach((byte, i) => {
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
  });
  const bits = BigInt(7 * bytes.length);
  return bytes.at(-1)! & 0x40 ? value - (1n << bits) : value;
}

const EDGES = [0, 1, 63, 64, 127, 128, 8191, 8192, 16383, 16384, 2 ** 20, 2 ** 27 - 1, 2 ** 27, 2 ** 31 - 1];

describe('LEB128', () => {
  it('has the shortest form at the edges of its lengths', () => {
    expect([0, 127, 128, 16383, 16384, 0xffff_ffff].map((v) => written((w) => w.u32(v)))).toEqual([
      '00',
      '7f',
      '8001',
      'ff7f',
      '808001',
      'ffffffff0f',
    ]);
    expect([0, 63, 64, -1, -64, -65, 8191, 8192, -8192, -8193].map((v) => written((w) => w.s32(v)))).toEqual([
      '00',
      '3f',
      'c000',
      '7f',
      '40',
      'bf7f',
      'ff3f',
      '80c000',
      '8040',
      'ffbf7f',
    ]);
  });

  it('gives back signed values of both widths', () => {
    const narrow = EDGES.flatMap((v) => [v, -v, -v - 1]);
    expect(narrow.map((v) => readSigned(written((w) => w.s32(v))))).toEqual(narrow.map((v) => BigInt(v)));
    const wide = [...narrow.map(BigInt), 2n ** 62n, -(2n ** 62n), 2n ** 63n - 1n, -(2n ** 63n)];
    expect(wide.map((v) => readSigned(written((w) => w.s64(v))))).toEqual(wide);
  });

  it('cuts values to their width', () => {
    expect(written((w) => w.s32(0xffff_ffff))).toBe('7f');
    expect(written((w) => w.s64(0xffff_ffff_ffff_ffffn))).toBe('7f');
    expect(written((w) => w.u32(-1))).toBe('ffffffff0f');
  });
});

describe('ByteWriter', () => {
  it('grows', () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff);
    const oneByOne = written((w) => {
      for (const byte of bytes) w.u8(byte);
    });
    expect(oneByOne).toBe(Buffer.from(bytes).toString('hex'));
    expect(written((w) => w.raw(bytes))).toBe(Buffer.from(bytes).toString('hex'));
  });

  it('writes names as UTF-8 with their length in bytes', () => {
    expect(written((w) => w.name('aé'))).toBe('0361c3a9');
  });
});

/** Exports one function and calls it. */
function run(results: ValueType[], build: (code: CodeWriter) => void, ...args: number[]): unknown {
  const module = new ModuleWriter();
  const code = new CodeWriter(args.length);
  build(code);
  module.func({ params: args.map(() => 'i32' as const), results }, code, 'f');
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()));
  return (instance.exports.f as (...a: number[]) => unknown)(...args);
}

describe('CodeWriter', () => {
  it('writes constants that come out as they went in', () => {
    const i32 = [0, -1, 2 ** 31 - 1, -(2 ** 31), 64, -65];
    expect(i32.map((v) => run(['i32'], (code) => code.i32Const(v)))).toEqual(i32);
    const i64 = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n];
    expect(i64.map((v) => run(['i64'], (code) => code.i64Const(v)))).toEqual(i64);
    expect(run(['f64'], (code) => code.f64Const(0x400921fb54442d18n))).toBe(Math.PI);
    expect(run(['f32'], (code) => code.f32Const(0x3fc00000))).toBe(1.5);
    const lane = (n: number): unknown =>
      run(['i32'], (code) => {
        code.v128Const(0xf0e0d0c0_b0a09080_70605040_30201000n);
        code.op('i8x16.extract_lane_u', n);
      });
    expect([0, 1, 8, 15].map(lane)).toEqual([0x00, 0x10, 0x80, 0xf0]);
  });

  it('numbers locals behind the parameters, whatever order their types come in', () => {
    const sum = run(
      ['i32'],
      (code) => {
        const types: ValueType[] = ['i64', 'i32', 'v128', 'i32', 'f64', 'i64'];
        const locals = types.map((type) => code.newLocal(type));
        expect(locals).toEqual([2, 3, 4, 5, 6, 7]);
        code.localGet(0);
        code.localSet(3);
        code.localGet(1);
        code.localTee(5);
        code.localGet(3);
        code.op('i32.add');
      },
      30,
      12,
    );
    expect(sum).toBe(42);
  });

  it('shuffles and branches', () => {
    const picked = run(['i32'], (code) => {
      code.v128Const(0x0f0e0d0c_0b0a0908_07060504_03020100n);
      code.v128Const(0n);
      code.shuffle([15, 14, 13, 12, 16, 17, 18, 19, 0, 0, 0, 0, 0, 0, 0, 0]);
      code.op('i32x4.extract_lane', 0);
    });
    expect(picked).toBe(0x0c0d0e0f);
    const sign = (value: number): unknown =>
      run(
        ['i32'],
        (code) => {
          code.localGet(0);
          code.i32Const(0);
          code.op('i32.lt_s');
          code.if('i32');
          code.i32Const(-1);
          code.else();
          code.i32Const(1);
          code.end();
        },
        value,
      );
    expect([sign(-5), sign(5)]).toEqual([-1, 1]);
  });

  it('has every load and store', () => {
    const module = new ModuleWriter();
    module.importMemory('env', 'memory', 1, 1);
    for (const name of Object.keys(loads) as LoadName[]) {
      const code = new CodeWriter(0);
      code.i32Const(0);
      code.load(name, 100_000);
      module.func({ params: [], results: [loads[name].type] }, code);
    }
    for (const name of Object.keys(stores) as StoreName[]) {
      const code = new CodeWriter(1);
      code.i32Const(0);
      code.localGet(0);
      code.store(name, 4);
      module.func({ params: [stores[name].type], results: [] }, code);
    }
    expect(() => new WebAssembly.Module(module.finish())).not.toThrow();
  });
});

describe('ModuleWriter', () => {
  it('links imports, table and memory, and keeps equal types once', () => {
    const module = new ModuleWriter();
    module.custom('note', Uint8Array.of(1, 2, 3));
    module.importMemory('env', 'memory', 1, 2);
    module.importTable('env', 'table', 4);
    const type = { params: ['i32'], results: ['i32'] } as const;
    const twice = module.importFunction('env', 'twice', type);
    expect([module.type(type), module.type({ params: ['i32'], results: ['i32'] })]).toEqual([0, 0]);
    const code = new CodeWriter(1);
    code.localGet(0);
    code.call(twice);
    const inTable = module.func(type, code);
    const caller = new CodeWriter(1);
    caller.localGet(0);
    caller.i32Const(3);
    caller.returnCallIndirect(module.type(type), 0);
    module.func(type, caller, 'viaTable');
    const bytes = module.finish([{ slot: 3, func: inTable }]);
    const compiled = new WebAssembly.Module(bytes);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    const table = new WebAssembly.Table({ initial: 4, maximum: 4, element: 'anyfunc' });
    const env = { memory, table, twice: (x: number) => 2 * x };
    const { exports } = new WebAssembly.Instance(compiled, { env });
    expect((exports.viaTable as (x: number) => number)(21)).toBe(42);
    expect(WebAssembly.Module.customSections(compiled, 'note').map((s) => [...new Uint8Array(s)])).toEqual([[1, 2, 3]]);
  });

  it('is valid when empty', () => {
    expect([...new ModuleWriter().finish()]).toEqual([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  });
});
