import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseElf } from '../../../../../core/kernel/loader/elf.ts';
import { bytesProgram } from '../../../../../core/kernel/loader/program-file.ts';
import { vdsoImage } from '../../../../../core/kernel/loader/vdso.ts';
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
