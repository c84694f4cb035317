import { describe, expect, it } from 'vitest';
import { parseScript } from '../../../../../core/kernel/loader/script.ts';

describe('parseScript', () => {
  const cases: [line: string, interpreter: string, argument: string | undefined][] = [
    ['#!/bin/sh\necho', '/bin/sh', undefined],
    ['#! \t/bin/sh  \necho', '/bin/sh', undefined],
    ['#!/usr/bin/env python3 -u \nx', '/usr/bin/env', 'python3 -u'],
    ['#!/bin/sh', '/bin/sh', undefined],
    ['#!/bin/sh -e', '/bin/sh', '-e'],
    [`#!/bin/sh ${'a'.repeat(300)}`, '/bin/sh', 'a'.repeat(246)],
  ];
  for (const [line, interpreter, argument] of cases) {
    it(JSON.stringify(line.slice(0, 40)), () => {
      expect(parseScript(line)).toEqual({ interpreter, argument });
    });
  }

  it('knows what is no script and what names no interpreter', () => {
    expect(['\x7fELF', '# !/bin/sh', '#!', '#!  \n/bin/sh', `#!/${'a'.repeat(300)}`].map(parseScript)).toEqual([
      undefined,
      undefined,
      'malformed',
      'malformed',
      'malformed',
    ]);
  });
});
