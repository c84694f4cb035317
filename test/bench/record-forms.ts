/**
 * Records which forms of instructions common programs use, for core/interp/common-forms.txt:
 *
 *     node test/bench/record-forms.ts > core/interp/common-forms.txt
 *
 * Runs a few programs of this Linux machine in-process, on a machine whose root is the host's own tree, read-only.
 */
import { existsSync } from 'node:fs';
import { vmSpec } from '../../core/contract/vm-spec.ts';
import { openHostFolder } from '../../core/host/host-folder.ts';
import { nodeImageFiles } from '../../core/host/image-files.ts';
import { HostClock, HostRandom, kindOf, readHostFile } from '../../core/host/services.ts';
import type { InterpreterEngine } from '../../core/interp/engine.ts';
import { loadImage } from '../../core/machine/load-image.ts';
import { createMachine } from '../../core/machine/machine.ts';

const PROGRAMS: readonly (readonly string[])[] = [
  ['/bin/ls', '-l', '/usr'],
  ['/bin/cat', '/etc/passwd'],
  ['/usr/bin/python3', '-c', 'import json, re; print(json.dumps({"a": [1.5, 2]}), re.sub("a+", "b", "caat"), 10 / 3)'],
  ['/usr/bin/perl', '-e', 'printf "%.3f %s\\n", 10 / 3, join ",", map { $_ ** 2 } 1 .. 9'],
  ['/usr/bin/sqlite3', ':memory:', 'create table t(a); insert into t values (1), (2.5); select sum(a) from t;'],
  ['/usr/bin/openssl', 'dgst', '-sha256', '/etc/passwd'],
  ['/usr/bin/gzip', '-c', '/etc/services'],
  ['/usr/bin/awk', 'BEGIN { print 2 ^ 10, length("abc") }'],
];

async function formsOf(words: readonly string[]): Promise<string[]> {
  const clock = new HostClock();
  const image = await loadImage('qemu-x86_64-9pfs', nodeImageFiles);
  const spec = vmSpec({ rootfs: { kind: 'folder', path: '/', mode: 'ro' }, program: [...words], isQuiet: true });
  const machine = createMachine(
    { spec, image },
    {
      clock,
      random: new HostRandom().fill,
      console: { isTty: false, write() {}, read: () => -1, hasInput: () => true, size: { columns: 80, rows: 24 } },
      kernelMessage() {},
      straceLine() {},
      hasRequest: () => false,
      idle() {},
      kindOf,
      openFolder: (path, isReadOnly) => openHostFolder(path, { readOnly: isReadOnly }),
      openFiles: () => openHostFolder('/', { readOnly: true }),
      readFile: readHostFile,
      gunzip: (bytes) => bytes,
      commonHandlers: undefined,
      cache: undefined,
    },
  );
  machine.run();
  return (machine.engine as InterpreterEngine).handlers.usedForms();
}

const forms = new Set<string>();
for (const words of PROGRAMS) {
  if (existsSync(words[0]!)) for (const form of await formsOf(words)) forms.add(form);
}
console.log('# Forms of instructions that common programs use; made by test/bench/record-forms.ts.');
for (const form of [...forms].sort()) console.log(form);
