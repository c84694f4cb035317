import { describe, expect, it } from 'vitest';
import { bannerText } from '../../../../core/image/banner.ts';
import { Image } from '../../../../core/image/image.ts';
import { formatDefconfig, parseDefconfig } from '../../../../core/image/kconfig.ts';
import { parseKraftfile } from '../../../../core/image/kraftfile.ts';
import { stockImages } from '../../../../core/image/stock.ts';

describe('images', () => {
  it('turns the options of stock images into behaviour', () => {
    const rows = ['qemu-x86_64-9pfs', 'fc-x86_64-initrd-debug', 'app-elfloader_qemu-x86_64_plain'].map((name) => {
      const image = Image.stock(name)!;
      return [image.root, image.banner, image.logLevel, image.isSet('LIBSYSCALL_SHIM_STRACE')];
    });
    expect(rows).toEqual([
      ['9pfs', 'full', 'error', false],
      ['initrd', 'full', 'debug', true],
      ['9pfs', 'none', 'crit', false],
    ]);
  });

  it('knows every option of its stock images', () => {
    for (const { name } of stockImages) expect(Image.stock(name)!.unknownOptions(new Set()), name).toEqual([]);
  });

  it('reads and writes a defconfig, keeping options it does not know', () => {
    const text =
      'CONFIG_LIBPOSIX_FUTEX=y\nCONFIG_LIBDEVFS=n\nCONFIG_APPELFLOADER_STACK_NBPAGES=64\nCONFIG_MY="a \\"b\\""\n';
    const options = parseDefconfig(`# a comment\n\n${text}# CONFIG_LIBLWIP is not set\n`);
    expect(formatDefconfig(options)).toBe(`${text}CONFIG_LIBLWIP=n\n`);
    const image = new Image('mine', options);
    expect(image.unknownOptions(new Set(['LIBPOSIX_FUTEX']))).toEqual(['MY']);
    expect([image.hasLibrary('LIBPOSIX_FUTEX'), image.hasLibrary('LIBDEVFS'), image.hasLibrary('LIBVFSCORE')]).toEqual([
      true,
      false,
      true,
    ]);
    expect(() => parseDefconfig('CONFIG_A=y\nnonsense')).toThrow(
      'line 2: expected CONFIG_NAME=VALUE, found "nonsense"',
    );
  });

  it('reads kconfig of a Kraftfile as a map or a list', () => {
    const map = parseKraftfile(
      `spec: v0.6\nname: app\ncmd: ["/bin/x", "-v"]\nenv:\n  A: 1\nunikraft:\n  version: stable\n  kconfig:\n    CONFIG_LIBDEVFS: 'y'\n    CONFIG_N: 7\nlibraries:\n  lwip:\n    kconfig: {CONFIG_LIBLWIP: y}\n`,
    );
    expect([...map.options]).toEqual([
      ['LIBDEVFS', true],
      ['N', 7],
      ['LIBLWIP', true],
    ]);
    expect([map.name, map.cmd, map.env]).toEqual(['app', ['/bin/x', '-v'], ['A=1']]);
    const list = parseKraftfile('spec: v0.6\nunikraft:\n  kconfig:\n  - CONFIG_LIBDEVFS=n\n  - CONFIG_S="fs1"\n');
    expect([...list.options]).toEqual([
      ['LIBDEVFS', false],
      ['S', 'fs1'],
    ]);
    expect(() => parseKraftfile('a: [')).toThrow(/line 1/);
  });

  it('gives the built-in environment', () => {
    expect(Image.stock('qemu-x86_64-9pfs')!.environment).toEqual([
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOME=/',
    ]);
  });

  it('has banners of three sizes', () => {
    expect(['full', 'minimal', 'none'].map((kind) => bannerText(kind as 'full', 'X 1').split('\n').length)).toEqual([
      8, 2, 1,
    ]);
  });
});
