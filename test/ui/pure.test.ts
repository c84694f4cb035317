/** The parts of the window that are functions only. */
// @vitest-environment happy-dom
import './support/setup.ts';
import { describe, expect, it } from 'vitest';
import type { OptionNode } from '../../core/contract/api/image.ts';
import { sourceOf, splitWords } from '../../renderer/create-source.ts';
import { bytesOf, hexDump } from '../../renderer/file-view.ts';
import { formatBytes, formatDuration, formatMode, quoteWords } from '../../renderer/format.ts';
import { registersOf, sectionsOf } from '../../renderer/insight-report.ts';
import { listInstances } from '../../renderer/instance-list.ts';
import { LineSplitter, matcher, straceParts } from '../../renderer/log/log-buffer.ts';
import { allOptions, searchOptions, unmet, visibleRows } from '../../renderer/option-tree.ts';
import { rankCommands, scoreOf } from '../../renderer/palette.ts';
import { shortcutOf } from '../../renderer/platform.ts';
import { sampleVm } from './support/sample-data.ts';

describe('formats', () => {
  it('write sizes with three digits and times with two units', () => {
    expect([0, 999, 1024, 123_456, 5 * 2 ** 30].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 KiB',
      '121 KiB',
      '5.0 GiB',
    ]);
    expect([900, 61_000, 7_500_000, 90_000_000].map(formatDuration)).toEqual(['0 s', '1 min', '2 h 5 min', '1 d 1 h']);
    expect([formatMode('folder', 0o755), formatMode('link', 0o777), formatMode('file', 0o640)]).toEqual([
      'drwxr-xr-x',
      'lrwxrwxrwx',
      '-rw-r-----',
    ]);
  });

  it('quote words so that they read back the same', () => {
    const words = ['/bin/sh', '-c', 'echo "a b"', "it's", 'x=1', ''];
    expect(splitWords(quoteWords(words.slice(0, 4)))).toEqual(words.slice(0, 4));
    expect(quoteWords(['a', 'b c'])).toBe('a "b c"');
  });

  it('dump bytes with their characters', () => {
    expect(hexDump(bytesOf(btoa('Hello, unikernel!')))).toBe(
      '00000000  48 65 6c 6c 6f 2c 20 75  6e 69 6b 65 72 6e 65 6c  Hello, unikernel\n00000010  21                                                !',
    );
  });
});

describe('list of instances', () => {
  const vms = [
    sampleVm('web-10', {
      state: 'running',
      meta: { group: 'shop', tags: ['prod'], notes: '', autostart: false, restart: 'no' },
    }),
    sampleVm('web-2', { state: 'failed' }),
    sampleVm('db', {
      state: 'exited',
      meta: { group: '', tags: ['prod'], notes: 'nightly backup', autostart: false, restart: 'no' },
    }),
  ];
  const query = { text: '', state: 'all', tag: '', sort: 'name', isDescending: false } as const;
  const names = (changes: object) => listInstances(vms, { ...query, ...changes }).map((vm) => vm.name);

  it('sorts names as people do', () => {
    expect(names({})).toEqual(['db', 'web-2', 'web-10']);
    expect(names({ isDescending: true })).toEqual(['web-10', 'web-2', 'db']);
    expect(names({ sort: 'state' })).toEqual(['web-10', 'web-2', 'db']);
  });

  it('filters by state, tag or group, and all words of the text', () => {
    expect([names({ state: 'running' }), names({ state: 'failed' }), names({ state: 'stopped' })]).toEqual([
      ['web-10'],
      ['web-2'],
      ['db', 'web-2'],
    ]);
    expect([names({ tag: 'prod' }), names({ tag: 'shop' }), names({ text: 'backup nightly' })]).toEqual([
      ['db', 'web-10'],
      ['web-10'],
      ['db'],
    ]);
  });
});

describe('command palette', () => {
  const command = (title: string) => ({ id: title, title, group: '', run: () => {} });

  it('prefers beginnings, then words, then scattered letters', () => {
    const found = rankCommands(
      ['Restart: web', 'Start: web', 'Show start page', 'Stop all rats'].map(command),
      'start',
    );
    expect(found.map((c) => c.title)).toEqual(['Start: web', 'Show start page', 'Restart: web', 'Stop all rats']);
    expect(scoreOf('open console', 'xyz')).toBe(0);
  });
});

describe('shortcuts', () => {
  const press = (init: KeyboardEventInit) => shortcutOf(new KeyboardEvent('keydown', init));

  it('name keys by their place with a modifier, by their character without', () => {
    expect(press({ key: 'k', code: 'KeyK', ctrlKey: true })).toBe('Mod+K');
    expect(press({ key: 'P', code: 'KeyP', ctrlKey: true, shiftKey: true })).toBe('Mod+Shift+P');
    expect(press({ key: '™', code: 'Digit2', altKey: true })).toBe('Alt+2');
    expect(press({ key: '?', code: 'Slash', shiftKey: true })).toBe('?');
    expect(press({ key: '/', code: 'Slash' })).toBe('/');
  });
});

describe('log', () => {
  const line = (text: string, changes = {}) => ({
    n: 1,
    kind: 'strace' as const,
    level: 'info' as const,
    text,
    ...changes,
  });

  it('puts lines together that come in pieces', () => {
    const splitter = new LineSplitter();
    const bytes = new TextEncoder().encode(`${JSON.stringify(line('é'))}\n${JSON.stringify(line('b'))}\n`);
    const found = [...bytes].flatMap((_, i) => splitter.push(bytes.subarray(i, i + 1)));
    expect(found.map((l) => l.text)).toEqual(['é', 'b']);
  });

  it('filters by words, expression, kind, level and failure', () => {
    const filter = {
      text: '',
      kinds: new Set(['kernel', 'strace'] as const),
      level: 'debug' as const,
      failedOnly: false,
    };
    const passes = (l: ReturnType<typeof line>, changes: object) => matcher({ ...filter, ...changes })!(l);
    const open = line('openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = fd:3');
    expect([
      passes(open, { text: 'HOSTS openat' }),
      passes(open, { text: '/open.*fd:\\d/' }),
      passes(open, { text: 'write' }),
    ]).toEqual([true, true, false]);
    expect([
      passes(open, { kinds: new Set(['kernel']) }),
      passes(open, { level: 'warn' }),
      passes(open, { failedOnly: true }),
    ]).toEqual([false, false, false]);
    expect(matcher({ ...filter, text: '/(/' })).toBeUndefined();
  });

  it('takes a strace line apart', () => {
    expect(straceParts('read(fd:3, <out>"a = b", 832) = 832')).toEqual({
      call: 'read',
      args: '(fd:3, <out>"a = b", 832)',
      result: '832',
    });
  });
});

describe('options of an image', () => {
  const option = (name: string, changes: Partial<OptionNode> = {}): OptionNode => ({
    name,
    title: name,
    help: '',
    type: 'bool',
    default: false,
    dependsOn: [],
    children: [],
    ...changes,
  });
  const tree = [
    option('m', {
      type: 'menu',
      children: [option('NET', { systemCalls: ['socket'] }), option('DNS', { dependsOn: ['NET'] })],
    }),
    option('FS', { help: 'files' }),
  ];

  it('are found by name, help and system call, with the menus above them', () => {
    const found = (text: string) =>
      visibleRows(searchOptions(tree, text), () => true).map(({ node, depth }) => `${depth}${node.name}`);
    expect([found('socket'), found('config_dns'), found('files'), found('none')]).toEqual([
      ['0m', '1NET'],
      ['0m', '1DNS'],
      ['0FS'],
      [],
    ]);
  });

  it('say what they need', () => {
    const known = allOptions(tree);
    const dns = known.get('DNS')!;
    expect([unmet(dns, {}, known), unmet(dns, { NET: true }, known)]).toEqual([['NET'], []]);
  });
});

describe('crash report', () => {
  const report =
    'SIGSEGV: Segmentation fault\nRAX 0000000000000001  RBX 00000000000000ff\ncode:\n  90 <cc>\nlast system calls:\n  [1] read(0) = 1';

  it('is cut into sections and registers', () => {
    expect(sectionsOf(report).map((s) => [s.title, s.lines.length])).toEqual([
      ['', 2],
      ['code', 1],
      ['last system calls', 1],
    ]);
    expect(registersOf(sectionsOf(report)[0]!.lines)).toEqual([
      { name: 'RAX', value: '0000000000000001' },
      { name: 'RBX', value: '00000000000000ff' },
    ]);
  });
});

describe('source of a new instance', () => {
  const draft = { path: ' /bin/ls ', words: '-l "a b"', app: '', example: '', vm: '' };

  it('has what its kind needs, or is not ready', () => {
    expect(sourceOf('host-program', draft)).toEqual({ kind: 'host-program', path: '/bin/ls', args: ['-l', 'a b'] });
    expect(sourceOf('folder', draft)).toEqual({ kind: 'folder', path: '/bin/ls', program: ['-l', 'a b'] });
    expect([sourceOf('catalog', draft), sourceOf('elf', { ...draft, path: '' }), sourceOf('elfdeck', draft)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
