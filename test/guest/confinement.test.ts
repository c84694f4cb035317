/** A guest with a writable root folder cannot read, make, change or remove anything beside it. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { compileC } from '../support/c-program.ts';
import { type CommandResult, elfdeck } from '../support/elfdeck.ts';

const SECRET = 'kept from guests\n';

/** A folder with a secret, and in it the guest's root with the program. */
function jail(context: TestContext): { base: string; root: string } {
  const program = compileC(context, 'jail');
  const base = mkdtempSync(join(tmpdir(), 'elfdeck-jail-'));
  onTestFinished(() => rmSync(base, { recursive: true }));
  const root = join(base, 'root');
  mkdirSync(root);
  writeFileSync(join(base, 'secret'), SECRET);
  copyFileSync(program, join(root, 'jail'));
  return { base, root };
}

const run = (rootfs: string, target: string): CommandResult => elfdeck(['run', '-q', '-r', rootfs, '/jail', target]);

/** What of the folder beside the root a guest could have changed. */
function beside(base: string): unknown {
  const { mode, uid, nlink, mtimeMs } = statSync(join(base, 'secret'));
  return {
    names: readdirSync(base).sort(),
    text: readFileSync(join(base, 'secret'), 'utf8'),
    mode,
    uid,
    nlink,
    mtimeMs,
  };
}

describe('a writable root folder', () => {
  it('has no way out', (context) => {
    const { base, root } = jail(context);
    const before = beside(base);
    expect(run(root, base)).toEqual({ status: 0, stdout: 'tried all\n', stderr: '' });
    expect(beside(base)).toEqual(before);
  });

  it('has none in an overlay, which also leaves the folder itself alone', (context) => {
    const { base, root } = jail(context);
    const before = beside(base);
    expect(run(`${root}:overlay`, base)).toEqual({ status: 0, stdout: 'tried all\n', stderr: '' });
    expect(beside(base)).toEqual(before);
    expect(readdirSync(root)).toEqual(['jail']);
  });

  it('would be seen to have one: a secret inside is found and taken', (context) => {
    const { root } = jail(context);
    mkdirSync(join(root, 'beside'));
    writeFileSync(join(root, 'beside/secret'), SECRET);
    const { stdout } = run(root, '/beside');
    expect(stdout).toContain('read: /beside/secret\n');
    expect(stdout).toContain('list: /beside\n');
    expect(readdirSync(join(root, 'beside'))).not.toContain('secret');
  });
});
