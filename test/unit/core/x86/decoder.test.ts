import { describe, expect, it } from 'vitest';
import { decodeTable } from '../../../../core/interp/create.ts';
import { cpuModel } from '../../../../core/x86/cpuid.ts';
import { Decoder, DecodeTable } from '../../../../core/x86/decoder.ts';
import { disassemble } from '../../../../core/x86/disassembler.ts';
import { avxInstructions } from '../../../../core/x86/insn/avx.ts';
import { instructionSet } from '../../../../core/x86/insn/index.ts';
import { encodingName } from '../../../../core/x86/notation.ts';

const decoder = new Decoder(decodeTable());
/** With the instructions of all CPU models. */
const all = new Decoder(decodeTable(cpuModel('max')));

const parse = (hex: string): Uint8Array => Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16));

/** Text of the instruction that the bytes start with, or why they are none. */
function decode(hex: string): string {
  const bytes = parse(hex);
  const failure = decoder.decode(bytes, 0, bytes.length);
  return failure ?? disassemble(decoder.insn, bytes, 0, 0x401000).replace(/ +/g, ' ');
}

describe('decoder', () => {
  it('counts REX only directly before the opcode', () => {
    expect([decode('48 01 d8'), decode('48 2e 01 d8'), decode('2e 48 01 d8'), decode('48 66 01 d8')]).toEqual([
      'add rax,rbx',
      'rex.W cs add eax,ebx',
      'cs add rax,rbx',
      'rex.W add ax,bx',
    ]);
  });

  it('lets the last of several prefixes of a kind count', () => {
    expect([decode('f2 f3 0f 10 c1'), decode('f3 f2 0f 10 c1'), decode('64 65 8b 00'), decode('65 64 8b 00')]).toEqual([
      'repnz movss xmm0,xmm1',
      'repz movsd xmm0,xmm1',
      'fs mov eax,DWORD PTR gs:[rax]',
      'gs mov eax,DWORD PTR fs:[rax]',
    ]);
  });

  it('takes F2 and F3 over 66 as mandatory prefixes', () => {
    expect([decode('66 0f 10 c1'), decode('66 f3 0f 10 c1'), decode('f2 66 0f 10 c1'), decode('0f 10 c1')]).toEqual([
      'movupd xmm0,xmm1',
      'data16 movss xmm0,xmm1',
      'data16 movsd xmm0,xmm1',
      'movups xmm0,xmm1',
    ]);
  });

  it('lets REX.W win over 66', () => {
    expect([decode('66 48 01 d8'), decode('66 48 0f 38 f0 07'), decode('66 0f 38 f0 07')]).toEqual([
      'data16 add rax,rbx',
      'movbe rax,QWORD PTR [rdi]',
      'movbe ax,WORD PTR [rdi]',
    ]);
  });

  it('reads byte registers 4 to 7 by whether there is a REX', () => {
    expect([decode('88 e0'), decode('40 88 e0'), decode('41 88 e0')]).toEqual([
      'mov al,ah',
      'mov al,spl',
      'mov r8b,spl',
    ]);
  });

  it('knows every addressing form', () => {
    expect(
      [
        '8b 00',
        '8b 04 24',
        '8b 45 00',
        '8b 05 10 00 00 00',
        '8b 04 25 10 00 00 00',
        '8b 04 85 10 00 00 00',
        '42 8b 04 a0',
        '8b 44 20 08',
        '41 8b 04 24',
        '41 8b 45 00',
        '41 8b 05 10 00 00 00',
        '67 8b 04 98',
        '8b 80 00 00 00 80',
      ].map((hex) => decode(hex).replace('mov eax,DWORD PTR ', '').replace(/ #.*/, '')),
    ).toEqual([
      '[rax]',
      '[rsp]',
      '[rbp+0x0]',
      '[rip+0x10]',
      'ds:0x10',
      '[rax*4+0x10]',
      '[rax+r12*4]',
      '[rax+riz*1+0x8]',
      '[r12]',
      '[r13+0x0]',
      '[rip+0x10]',
      '[eax+ebx*4]',
      '[rax-0x80000000]',
    ]);
  });

  it('refuses more than 15 bytes, whatever follows', () => {
    expect(decode(`${'66 '.repeat(14)}90`)).toBe(`${'data16 '.repeat(13)}xchg ax,ax`);
    expect(decode(`${'66 '.repeat(15)}90`)).toBe('too-long');
    expect(decode(`${'66 '.repeat(20)}90`)).toBe('too-long');
    expect(decode(`${'2e '.repeat(9)}48 b8 ${'00 '.repeat(7)}00`)).toBe('too-long');
  });

  it('reports bytes that run out, and never reads behind the end', () => {
    const bytes = parse('48 81 84 8f 10 20 30 40 01 02 03 04');
    for (let end = 0; end < bytes.length; end++) expect(decoder.decode(bytes, 0, end)).toBe('truncated');
    expect(decoder.decode(bytes, 0, bytes.length)).toBeUndefined();
    expect(decoder.decode(bytes, 1, bytes.length)).toBeUndefined();
    // Fourteen prefixes may still become an instruction, fifteen may not.
    expect(decode('66 '.repeat(14).trim())).toBe('truncated');
    expect(decode('66 '.repeat(15).trim())).toBe('too-long');
  });

  it('allows LOCK only for the listed instructions with a memory destination', () => {
    expect(
      [
        'f0 01 07',
        'f0 01 c7',
        'f0 03 07',
        'f0 39 07',
        'f0 87 07',
        'f0 0f b1 0f',
        'f0 0f a3 07',
        'f0 0f ab 07',
        'f0 90',
      ].map(decode),
    ).toEqual([
      'lock add DWORD PTR [rdi],eax',
      'unknown',
      'unknown',
      'unknown',
      'lock xchg DWORD PTR [rdi],eax',
      'lock cmpxchg DWORD PTR [rdi],ecx',
      'unknown',
      'lock bts DWORD PTR [rdi],eax',
      'unknown',
    ]);
  });

  it('reads both forms of VEX', () => {
    expect([decode('c4 e2 70 f2 c2'), decode('c4 e2 f0 f2 c2'), decode('c4 42 70 f2 c2')]).toEqual([
      'andn eax,ecx,edx',
      'andn rax,rcx,rdx',
      'andn r8d,ecx,r10d',
    ]);
    // The two-byte form only reaches map 0F, where there is nothing yet.
    expect(decode('c5 f8 77')).toBe('unknown');
  });

  it('refuses VEX behind REX, 66, F2, F3 or LOCK, with VEX.L set, with a stray vvvv, and in unknown maps', () => {
    const prefixed = ['40', '66', 'f2', 'f3', 'f0'].map((prefix) => decode(`${prefix} c4 e2 70 f2 c2`));
    expect(new Set(prefixed)).toEqual(new Set(['unknown']));
    expect(decode('c4 e2 74 f2 c2')).toBe('unknown');
    expect([decode('c4 e3 7b f0 c2 05'), decode('c4 e3 73 f0 c2 05')]).toEqual(['rorx eax,edx,0x5', 'unknown']);
    expect([decode('c4 e0 70 f2 c2'), decode('c4 e4 70 f2 c2')]).toEqual(['unknown', 'unknown']);
    // A segment override and 67 may stand before it.
    expect(decode('64 67 c4 e2 70 f2 07')).toBe('andn eax,ecx,DWORD PTR fs:[edi]');
  });

  it('refuses what 64-bit mode has taken away', () => {
    const gone = [
      '06',
      '07',
      '0e',
      '16',
      '17',
      '1e',
      '1f',
      '27',
      '2f',
      '37',
      '3f',
      '60',
      '61',
      '62',
      '9a',
      'ce',
      'd4',
      'd5',
      'd6',
      'ea',
    ];
    expect(gone.map((opcode) => decode(`${opcode} 00 00 00 00 00 00`))).toEqual(gone.map(() => 'unknown'));
  });

  it('tells whole ModRM bytes from memory forms', () => {
    expect([decode('0f 01 d0'), decode('d9 e8'), decode('d9 28'), decode('0f ae e8'), decode('0f ae 28')]).toEqual([
      'xgetbv',
      'fld1',
      'fldcw WORD PTR [rax]',
      'lfence',
      'xrstor [rax]',
    ]);
  });
});

const PREFIXES = ['', '66', 'f2', 'f3', '66 f2', '66 f3'];
const REXES = ['', '41', '48', '4f'];

/** ModRM bytes that tell rows apart: each ModRM.reg with memory and registers, and all of 0F 01, 0F AE and the like. */
function modrmBytes(map: string, opcode: number): number[] {
  const isWhole =
    (map === '' && opcode >= 0xd8 && opcode <= 0xdf) || (map === '0f' && [0x01, 0x1e, 0xae, 0xc7].includes(opcode));
  if (isWhole) return Array.from({ length: 256 }, (_, i) => i);
  return Array.from({ length: 8 }, (_, reg) => [(reg << 3) | 0x03, 0xc0 | (reg << 3), 0xc7 | (reg << 3)]).flat();
}

function* allOpcodes(): Generator<Uint8Array> {
  const bytes = new Uint8Array(24);
  for (const prefix of PREFIXES) {
    for (const rex of REXES) {
      for (const map of ['', '0f', '0f 38', '0f 3a']) {
        const head = `${prefix} ${rex} ${map}`.trim();
        const start = head === '' ? [] : [...parse(head.replace(/ +/g, ' '))];
        for (let opcode = 0; opcode < 256; opcode++) {
          for (const modrm of modrmBytes(map, opcode)) {
            bytes.fill(0);
            bytes.set([...start, opcode, modrm]);
            yield bytes;
          }
        }
      }
    }
  }
  for (let pp = 0; pp < 4; pp++) {
    for (const w of [0, 0x80, 0x04, 0x84]) {
      for (let opcode = 0; opcode < 256; opcode++) {
        for (const map of [1, 2, 3]) {
          for (const modrm of modrmBytes('vex', opcode)) {
            bytes.fill(0);
            bytes.set([0xc4, 0xe0 | map, w | 0x78 | pp, opcode, modrm]);
            yield bytes;
          }
        }
      }
    }
  }
}

describe('instruction table', () => {
  it('has no two rows that claim the same bytes', () => {
    // Rows of equal rank are tried in the order of the table: if one hid another, the reversed table would decode differently.
    const reversed = new Decoder(new DecodeTable([...instructionSet, ...avxInstructions()].reverse()));
    const ambiguous = new Set<string>();
    for (const bytes of allOpcodes()) {
      const failure = all.decode(bytes, 0, bytes.length);
      const other = reversed.decode(bytes, 0, bytes.length);
      if (failure !== other) ambiguous.add(`${failure} ${other}`);
      else if (failure === undefined) {
        const names = [encodingName(all.insn.enc), encodingName(reversed.insn.enc)];
        if (names[0] !== names[1]) ambiguous.add(names.join(' | '));
      }
    }
    expect([...ambiguous]).toEqual([]);
  });

  it('names each row once', () => {
    const names = decodeTable(cpuModel('max')).encodings.map(encodingName);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});
