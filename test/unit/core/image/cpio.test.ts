import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { gunzip } from '../../../../core/host/gunzip.ts';
import { CpioError, type CpioSource, readCpio, writeCpio } from '../../../../core/image/cpio.ts';

function source(name: string, text = '', more: Partial<CpioSource> = {}): CpioSource {
  const data = Buffer.from(text, 'latin1');
  return {
    name,
    ino: 1,
    mode: 0o100644,
    uid: 0,
    gid: 0,
    nlink: 1,
    mtime: 1_700_000_000,
    devMajor: 0,
    devMinor: 0,
    rdevMajor: 0,
    rdevMinor: 0,
    size: data.length,
    fill: (into) => into.set(data),
    ...more,
  };
}
const MAX_BYTES = 1 << 20;
const list = (archive: Uint8Array): string[][] =>
  [...readCpio(archive, (bytes) => gunzip(bytes, MAX_BYTES))].map(({ name, data }) => [
    name,
    Buffer.from(data).toString('latin1'),
  ]);
/** The archive with bytes changed at `at`. */
const patched = (archive: Uint8Array, at: number, text: string): Uint8Array => {
  const copy = new Uint8Array(archive);
  copy.set(Buffer.from(text), at);
  return copy;
};

describe('cpio', () => {
  const archive = writeCpio([source('a', 'x'), source('dir/caf\xe9', 'hello'), source('empty')]);

  it('writes headers as cpio(5) has them', () => {
    const header = Buffer.from(archive.subarray(0, 116)).toString('latin1');
    expect(header).toBe(
      '070701' +
        '00000001000081a4000000000000000000000001' +
        '6553f100000000010000000000000000' +
        '0000000000000000' +
        '0000000200000000' +
        'a\0x\0\0\0',
    );
    expect(archive.length % 4).toBe(0);
  });

  it('reads back what it wrote', () => {
    expect([...readCpio(archive)][1]).toMatchObject({ mode: 0o100644, mtime: 1_700_000_000, nlink: 1 });
    expect(list(archive)).toEqual([
      ['a', 'x'],
      ['dir/caf\xe9', 'hello'],
      ['empty', ''],
    ]);
  });

  it('reads archives that follow each other, padded or compressed', () => {
    const second = writeCpio([source('b', 'y')]);
    const padded = Buffer.concat([archive, Buffer.alloc(512), second, Buffer.alloc(100)]);
    expect(list(padded).map(([name]) => name)).toEqual(['a', 'dir/caf\xe9', 'empty', 'b']);
    expect(list(Buffer.concat([second, zlib.gzipSync(archive)])).length).toBe(4);
    expect(list(zlib.gzipSync(second))).toEqual([['b', 'y']]);
    const bomb = zlib.gzipSync(new Uint8Array(MAX_BYTES + 1));
    expect(() => list(bomb)).toThrow(/more than 1048576 bytes come out of it/);
  });

  it('refuses damage with its position', () => {
    const bad: [Uint8Array, number][] = [
      [archive.subarray(0, 60), 0],
      [archive.subarray(0, archive.length - 124), 360],
      [patched(archive, 0, '070707'), 0],
      [patched(archive, 54, 'ffffffff'), 0],
      [patched(archive, 94, 'fffffff0'), 94],
      [patched(archive, 94, '00000000'), 94],
      [patched(archive, 60, 'x'), 60],
      [patched(archive, 111, 'zz'), 110],
      [new Uint8Array(0), 0],
    ];
    for (const [bytes, position] of bad) {
      let error: unknown;
      try {
        list(bytes);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(CpioError);
      expect((error as CpioError).position).toBe(position);
    }
  });

  it('checks the sums of the 070702 form', () => {
    const summed = patched(patched(archive, 0, '070702'), 102, '00000078');
    expect([...readCpio(summed)][0]!.name).toBe('a');
    expect(() => [...readCpio(patched(summed, 102, '00000079'))]).toThrow(/checksum/);
  });
});
