/** Signals, faults and timers in C programs: output and exit status are those of the same program on this machine. */
import { describe, expect, it } from 'vitest';
import { compileC, runGuest, runNative } from '../support/c-program.ts';

describe('C programs', () => {
  for (const name of ['faults', 'signals', 'timers']) {
    it(`${name} does the same as on Linux`, (context) => {
      const program = compileC(context, name);
      const native = runNative(program);
      const guest = runGuest(program);
      expect([guest.stdout, guest.status]).toEqual([native.stdout, native.status]);
    });
  }
});

/** Functions of the backtrace in a crash report. */
function callersIn(report: string): string[] {
  return [...report.matchAll(/^ {2}#\d+ 0x[0-9a-f]+ (?:near )?([\w.]+)\+/gm)].map(([, name]) => name!);
}

describe('the crash report', () => {
  const ways: readonly (readonly [name: string, flags: readonly string[]])[] = [
    ['.eh_frame of a static program', ['-static']],
    ['.eh_frame_hdr of a dynamic one', []],
    ['frame pointers', ['-fno-asynchronous-unwind-tables', '-fno-omit-frame-pointer']],
  ];
  for (const [way, flags] of ways) {
    it(`names the fault, and finds its callers through a signal frame by ${way}`, (context) => {
      const { status, stderr } = runGuest(compileC(context, 'crash', flags));
      expect(status).toBe(139);
      expect(stderr).toMatch(
        /^SIGSEGV: Segmentation fault \(SEGV_MAPERR, address 0x0, exception 14, error code 0x6\)$/m,
      );
      expect(stderr).toMatch(/^at 0x[0-9a-f]+ store_nowhere\+0x/m);
      expect(stderr).toMatch(/^ {2}0x[0-9a-f]+ {2}mov {4}DWORD PTR \[r\w+\],e\w+$/m);
      const callers = callersIn(stderr);
      expect(callers.slice(0, 2)).toEqual(['store_nowhere', 'handler']);
      expect(callers).toContain('comparing');
      expect(callers.slice(-5)).toContain('main');
    });
  }
});
