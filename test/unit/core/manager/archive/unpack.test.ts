import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMembers } from '../../../../../core/manager/archive/members.ts';
import { TreeWriter, writeMembers } from '../../../../../core/manager/archive/tree-writer.ts';
import { type TarMember, tarBytes, writeTarGz, writeZip } from '../../../../support/archives.ts';

const MIB = 2 ** 20;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elfdeck-unpack-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const target = (): string => join(folder, 'out');

async function unpack(archive: string): Promise<void> {
  mkdirSync(target());
  await writeMembers(readMembers(archive), new TreeWriter(target()));
}

/** The error's code and message, for an archive that must be refused. */
async function refusal(archive: string): Promise<string> {
  const error = await unpack(archive).catch((thrown: unknown) => thrown);
  const { code, message } = error as { code: string; message: string };
  return `${code}: ${message}`;
}

async function tar(members: readonly TarMember[]): Promise<string> {
  const path = join(folder, 'archive.tar.gz');
  await writeTarGz(path, members);
  return path;
}

describe('unpacking', () => {
  it('keeps files, modes, links and hard links of a tar archive', async () => {
    await unpack(
      await tar([
        { name: 'bin/', type: 'directory', mode: 0o555 },
        { name: 'bin/sh', mode: 0o755, content: 'program' },
        { name: 'bin/ash', type: 'link', linkname: 'bin/sh' },
        { name: 'lib64', type: 'symlink', linkname: 'usr/lib' },
        { name: 'usr/lib/./x', content: 'x' },
        { name: 'etc/abs', type: 'symlink', linkname: '/usr/lib/x' },
      ]),
    );
    const out = target();
    expect(readFileSync(join(out, 'bin/ash'), 'utf8')).toBe('program');
    expect(statSync(join(out, 'bin/sh')).ino).toBe(statSync(join(out, 'bin/ash')).ino);
    expect(statSync(join(out, 'bin/sh')).mode & 0o777).toBe(0o755);
    expect([readlinkSync(join(out, 'lib64')), readlinkSync(join(out, 'etc/abs'))]).toEqual(['usr/lib', '/usr/lib/x']);
    expect(readFileSync(join(out, 'usr/lib/x'), 'utf8')).toBe('x');
  });

  it('reads zip archives with modes and links', async () => {
    const path = join(folder, 'archive.zip');
    writeZip(path, [
      { name: 'app/', mode: 0o040755 },
      { name: 'app/run', content: 'run', mode: 0o100755 },
      { name: 'app/link', content: 'run', mode: 0o120777 },
    ]);
    await unpack(path);
    expect(statSync(join(target(), 'app/run')).mode & 0o777).toBe(0o755);
    expect(readlinkSync(join(target(), 'app/link'))).toBe('run');
  });

  it.each<[string, TarMember[], RegExp]>([
    ['a path out of the archive', [{ name: '../evil', content: 'x' }], /archive.refused.*leads out/],
    ['.. in the middle', [{ name: 'a/../../evil', content: 'x' }], /archive.refused.*leads out/],
    ['an absolute path', [{ name: '/tmp/evil', content: 'x' }], /archive.refused.*absolute/],
    [
      'a link that climbs out',
      [{ name: 'a/link', type: 'symlink', linkname: '../../evil' }],
      /archive.refused.*link out/,
    ],
    [
      'a file through a link',
      [
        { name: 'out', type: 'symlink', linkname: '/tmp' },
        { name: 'out/evil', content: 'x' },
      ],
      /archive.refused.*no folder/,
    ],
    [
      'a file over a link to a file',
      [
        { name: 'a', type: 'symlink', linkname: '/tmp/elfdeck-evil-target' },
        { name: 'a', content: 'x' },
      ],
      /^none$/,
    ],
    ['a hard link out', [{ name: 'a', type: 'link', linkname: '/etc/passwd' }], /archive.refused.*absolute/],
    [
      'a hard link to a link',
      [
        { name: 'a', type: 'symlink', linkname: '/etc/passwd' },
        { name: 'b', type: 'link', linkname: 'a' },
      ],
      /archive.refused.*no file of the archive/,
    ],
    ['a device', [{ name: 'dev/sda', type: 'block-device', devmajor: 8, devminor: 0 }], /archive.refused.*device/],
    ['a pipe', [{ name: 'pipe', type: 'fifo' }], /archive.refused.*device/],
  ])('refuses %s', async (_what, members, expected) => {
    const archive = await tar(members);
    if (expected.source === '^none$') {
      // The later member replaces the link; what it points to stays as it is.
      await unpack(archive);
      expect(lstatSync(join(target(), 'a')).isFile()).toBe(true);
      expect(existsSync('/tmp/elfdeck-evil-target')).toBe(false);
    } else expect(await refusal(archive)).toMatch(expected);
    expect(readdirSync(folder).sort()).toEqual(['archive.tar.gz', 'out']);
  });

  it('refuses hostile zip archives', async () => {
    const path = join(folder, 'archive.zip');
    writeZip(path, [{ name: 'a/link', content: '../../../etc', mode: 0o120777 }]);
    expect(await refusal(path)).toMatch(/archive.refused.*link out/);
    rmSync(target(), { recursive: true });
    writeZip(path, [{ name: '../evil', content: 'x' }]);
    expect(await refusal(path)).toMatch(/archive\.(refused|malformed)/);
  });

  it('gives up on an archive that unpacks to far more than it holds', async () => {
    const bomb = join(folder, 'bomb.tar.gz');
    const size = 300 * MIB;
    const header = (await tarBytes([{ name: 'zeros', content: '' }])).subarray(0, 512);
    // A header that promises zeros, and these a MiB at a time: gzip streams may follow each other.
    header.write(size.toString(8).padStart(11, '0'), 124);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const zeros = gzipSync(new Uint8Array(MIB));
    writeFileSync(bomb, Buffer.concat([gzipSync(header), ...Array<Buffer>(size / MIB).fill(zeros)]));
    expect(await refusal(bomb)).toMatch(/archive.refused.*unpack to more than/);
  });

  it('says that an archive is cut off or none at all', async () => {
    const whole = await tarBytes([{ name: 'a', content: 'x'.repeat(5000) }]);
    const path = join(folder, 'cut.tar');
    writeFileSync(path, whole.subarray(0, 2000));
    expect(await refusal(path)).toMatch(/archive.malformed/);
    rmSync(target(), { recursive: true });
    writeFileSync(path, 'no archive');
    expect(await refusal(path)).toMatch(/archive.malformed.*no tar, zip or cpio/);
  });
});
