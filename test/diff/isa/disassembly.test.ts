/** The disassembler against an independent one: every row, and the code of large libraries. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { testSeed } from '../../support/seed.ts';
import { requireTool } from '../../support/tools.ts';
import { compareFile, compareRows, defaultFiles } from './disassembly.ts';

describe('disassembler', () => {
  it('writes random instructions of every row as objdump does', { timeout: 60_000 }, (context) => {
    const objdump = requireTool(context, 'objdump');
    const folder = mkdtempSync(join(tmpdir(), 'elfdeck-disassembly-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const seed = testSeed();
    const { lengths, texts, instructions } = compareRows(objdump, folder, 10, seed);
    expect({ seed, lengths, texts }).toEqual({ seed, lengths: [], texts: [] });
    expect(instructions).toBeGreaterThan(4000);
  });

  it('agrees with objdump on the code of a large library', { timeout: 120_000 }, (context) => {
    const objdump = requireTool(context, 'objdump');
    const [library] = defaultFiles;
    if (library === undefined) return context.skip('there is no x86-64 libc here');
    const { lengths, texts, instructions } = compareFile(objdump, library);
    expect({ lengths, texts: texts.slice(0, 20) }).toEqual({ lengths: [], texts: [] });
    expect(instructions).toBeGreaterThan(100_000);
  });
});
