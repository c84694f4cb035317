import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseElf } from '../../../../../core/kernel/loader/elf.ts';
import { bytesProgram } from '../../../../../core/kernel/loader/program-file.ts';
import { vdsoImage } from '../../../../../core/kernel/loader/vdso.ts';
import { GUEST_BASE } from '../../../../../core/mem/layout.ts';
import { RAX, RBX, RDI, RDX, RSI, RSP } from '../../../../../core/vcpu/state.ts';
import { BareCpu, CODE, DATA, EXEC, READ, WRITE } from '../../../../support/bare-cpu.ts';
import { hostTree } from '../../../../support/host-tree.ts';
import { findTool, requireTool } from '../../../../support/tools.ts';

describe('vdsoImage', () => {
  it('is a loadable shared object of one page', () => {
    const result = parseElf(bytesProgram(vdsoImage(), 'vdso'));
    if (!result.ok) throw new Error(result.error.message);
    expect([result.elf.isFixed, result.elf.isDynamic, result.elf.segments.length, vdsoImage().length]).toEqual([
      false,
      true,
      1,
      4096,
    ]);
  });

  it('is found by the dynamic linker by name and version, and works', (context) => {
    if (process.platform !== 'linux' || process.arch !== 'x64') return context.skip('not on Linux x86-64');
    const compiler = findTool('gcc') ?? requireTool(context, 'cc');
    const folder = hostTree({
      'find.c': `#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>
int main(int argc, char **argv) {
  void *h = dlopen(argv[1], RTLD_NOW);
  long (*t)(long *) = h ? dlvsym(h, "__vdso_time", "LINUX_2.6") : 0;
  int (*g)(int, struct timespec *) = h ? dlvsym(h, "__vdso_clock_gettime", "LINUX_2.6") : 0;
  struct timespec ts = {0};
  if (!t || !g || g(CLOCK_REALTIME, &ts)) return puts(dlerror()), 1;
  const char *names[] = {"clock_gettime", "gettimeofday", "time", "getcpu", "clock_getres"};
  for (int i = 0; i < 5; i++) {
    char name[64];
    snprintf(name, sizeof name, "__vdso_%s", names[i]);
    if (!dlvsym(h, name, "LINUX_2.6")) return puts(name), 1;
  }
  printf("%d %d\\n", (int)(t(0) - ts.tv_sec) / 2, dlvsym(h, "__vdso_time", "LINUX_3") == 0);
}
`,
    });
    writeFileSync(join(folder, 'vdso.so'), vdsoImage());
    execFileSync(compiler, ['-o', join(folder, 'find'), join(folder, 'find.c'), '-ldl']);
    expect(execFileSync(join(folder, 'find'), [join(folder, 'vdso.so')], { encoding: 'utf8' })).toBe('0 1\n');
  });
});

/** Clock 0 shows 7 s 1234567 ns, clock 1 shows 5 s; each thread has a clock of its own. */
const clocks = {
  seconds: 0,
  nanos: 0,
  readShared(clock: number) {
    this.seconds = clock === 0 ? 7 : 5;
    this.nanos = clock === 0 ? 1_234_567 : 999_999_999;
    return clock < 2;
  },
};
const STACK = DATA + 0x1000;
const NAMES = ['clock_gettime', 'gettimeofday', 'time', 'getcpu', 'clock_getres'] as const;
/** `mov eax, NR` of each function: the first one with that number is where it starts or soon behind. */
const NUMBERS = { clock_gettime: 228, gettimeofday: 96, time: 201, getcpu: 309, clock_getres: 229 };

/** Calls a function of the vDSO that is mapped at CODE: how it left, RAX, and the two words at DATA. */
function call(name: (typeof NAMES)[number], rdi: number, rsi = 0, vdsoPage = CODE / 4096): (string | bigint)[] {
  const cpu = new BareCpu(undefined, 'off', { clocks });
  cpu.space.vdsoPage = vdsoPage;
  const image = vdsoImage();
  cpu.map(CODE, 1, READ | EXEC);
  cpu.space.raw(CODE, image.length).set(image);
  cpu.map(DATA, 1, READ | WRITE);
  // The caller behind it: mov ebx, 1; ud2
  cpu.load('bb 01 00 00 00 0f 0b', CODE + 0x1000);
  cpu.set({ [RDI]: rdi, [RSI]: rsi, [RSP]: STACK - 8, [RDX]: 3, [RBX]: 0 });
  cpu.space.dv.setBigUint64(GUEST_BASE + STACK - 8, BigInt(CODE + 0x1000), true);
  cpu.vcpu.rip = CODE + startOf(image, name);
  const exit = cpu.run();
  const words = [0, 8].map((at) => cpu.space.dv.getBigUint64(GUEST_BASE + DATA + at, true));
  return [exit === '#6' && cpu.gpr(RBX) === 1n ? 'returned' : exit, cpu.gpr(RAX), ...words];
}

/** Offset of a function, by its symbol. */
function startOf(image: Uint8Array, name: (typeof NAMES)[number]): number {
  const nr = NUMBERS[name];
  const at = Buffer.from(image).indexOf(Buffer.from([0xb8, nr & 0xff, nr >> 8, 0, 0]));
  // gettimeofday looks at its arguments first.
  return name === 'gettimeofday' ? at - 10 : at;
}

describe('the functions of the vDSO', () => {
  it('answer without a system call', () => {
    expect(call('clock_gettime', 0, DATA)).toEqual(['returned', 0n, 7n, 1_234_567n]);
    expect(call('clock_gettime', 1, DATA)).toEqual(['returned', 0n, 5n, 999_999_999n]);
    expect(call('gettimeofday', DATA)).toEqual(['returned', 0n, 7n, 1234n]);
    expect(call('time', DATA)).toEqual(['returned', 7n, 7n, 0n]);
    expect(call('time', 0)).toEqual(['returned', 7n, 0n, 0n]);
  });

  it('ask the kernel about everything else', () => {
    expect(call('clock_gettime', 2, DATA)).toEqual(['syscall', 228n, 0n, 0n]);
    expect(call('gettimeofday', DATA, DATA)).toEqual(['syscall', 96n, 0n, 0n]);
    expect(call('gettimeofday', 0)).toEqual(['syscall', 96n, 0n, 0n]);
    expect(call('getcpu', DATA)).toEqual(['syscall', 309n, 0n, 0n]);
    expect(call('clock_getres', 0, DATA)).toEqual(['syscall', 229n, 0n, 0n]);
  });

  it('fault as the code of a program would', () => {
    expect(call('clock_gettime', 0, 0x1000)[0]).toBe('#14 error 6 at 0x1000');
  });

  it('have a hint that does nothing anywhere else', () => {
    expect(call('clock_gettime', 0, DATA, -1)).toEqual(['syscall', 228n, 0n, 0n]);
  });
});
