import { describe, expect, it } from 'vitest';
import { type ImageFiles, loadImage } from '../../../../core/machine/load-image.ts';

const files = (texts: Record<string, string>): ImageFiles => ({ readText: (path) => texts[path] });

describe('loadImage', () => {
  it('knows the stock images by name, wherever a path says they are', async () => {
    const image = await loadImage('build/qemu-x86_64-initrd-strace', files({}));
    expect([image.name, image.root]).toEqual(['qemu-x86_64-initrd-strace', 'initrd']);
  });

  it('reads defconfig files and Kraftfiles', async () => {
    const given = files({
      'my.config': 'CONFIG_LIBUKBOOT_BANNER_NONE=y\n',
      Kraftfile:
        'spec: v0.6\nname: app\ncmd: /bin/app -v\nunikraft:\n  kconfig:\n    CONFIG_LIBVFSCORE_ROOTFS_INITRD: "y"\n',
    });
    expect((await loadImage('my.config', given)).banner).toBe('none');
    const image = await loadImage('Kraftfile', given);
    expect([image.name, image.root, image.cmd]).toEqual(['app', 'initrd', ['/bin/app', '-v']]);
  });

  it('takes the stock options for a Kraftfile without any', async () => {
    const image = await loadImage('kraft.yaml', files({ 'kraft.yaml': 'spec: v0.6\nunikraft:\n  version: stable\n' }));
    expect([image.root, image.hasLibrary('LIBPOSIX_FUTEX')]).toEqual(['9pfs', true]);
  });

  it.each([
    ['nothing', 'image.not-found', /neither a file nor one of qemu-x86_64-9pfs/],
    ['kernel', 'image.malformed', /kernel binary/],
    ['broken', 'image.malformed', /line 2: expected CONFIG_NAME=VALUE/],
  ])('refuses %s', async (name, code, message) => {
    const given = files({ kernel: '\x7fELF\x02', broken: 'CONFIG_A=y\nA=\n' });
    await expect(loadImage(name, given)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
