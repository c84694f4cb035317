/** Packers: what they pack is unpacked again, and other programs' packed output is compared byte by byte. */
import type { Row } from './case.ts';

const text = Array.from({ length: 6000 }, (_, line) => `line ${line} of ${(line * 7919) % 10007}\n`).join('');
const noise = Array.from({ length: 50000 }, (_, at) => String.fromCharCode((at * at * 31 + (at >> 3)) & 255)).join('');

const packers: readonly [pack: string, unpack: string][] = [
  ['gzip -nc', 'gzip -dc'],
  ['gzip -n9c', 'gzip -dc'],
  ['bzip2 -c', 'bzip2 -dc'],
  ['xz -c', 'xz -dc'],
  ['xz -9 --check=sha256 -c', 'xz -dc'],
  ['xz --format=lzma -c', 'xz -dc'],
  ['zstd -c', 'zstd -dc'],
  ['zstd -19 --single-thread -c', 'zstd -dc'],
  ['zstd -T2 -c', 'zstd -dc'],
  ['lz4 -c', 'lz4 -dc'],
  ['brotli -c', 'brotli -dc'],
];

export const archiveRows: readonly Row[] = [
  ...packers.flatMap(([pack, unpack]): Row[] => [
    { command: pack, input: text },
    { command: `${pack} | ${unpack} | md5sum`, input: text },
    { command: `${pack} | ${unpack} | md5sum`, input: noise },
  ]),
  { command: 'gzip -dc', status: 1, input: 'no gzip data' },
  { command: 'xz -tv', status: 1, input: 'no xz data' },
  { command: 'zstd -b1 -e1 -i0 /apps/stdlib.py', statusOnly: 'figures' },
  'tar cf - --sort=name --mtime=@0 -C / apps | tar tvf - --utc',
  'tar cf - --sort=name --mtime=@0 -C / apps | md5sum',
  { command: 'tar cf - /none', status: 2 },
  { command: 'tar xvf /none.tar', status: 2 },
  {
    command: 'cpio -o -H newc --reproducible | cpio -itv',
    input: '/apps/sample.c\n/apps/bench.py\n',
    ignore: /\w{3} +\d+ +[\d:]+/g,
  },
  { command: 'zip -X - /apps/sample.c /apps/bench.py | md5sum', stdoutOnly: 'progress' },
  { command: 'zip -X /tmp/x.zip /apps/sample.c /apps/bench.py' },
  { command: 'unzip -v /none.zip', status: 9 },
  { command: 'unzip -l /apps/sample.c', status: 9 },
  { command: 'zipinfo /apps/sample.c', status: 9 },
];
