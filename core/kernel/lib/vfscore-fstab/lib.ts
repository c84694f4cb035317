/** vfscore's mounting at boot: its kernel parameters, and what the machine calls. */
import { utf8ToStr } from '../../../base/bytes.ts';
import { defineLib } from '../../lib.ts';
import { ParameterError } from '../../parameters.ts';
import { bootMounts } from './mount.ts';
import { parseFstabEntry } from './parse.ts';

export { type BootFileSystems, MountError, mountFileSystems } from './mount.ts';

export const vfscoreFstab = defineLib({
  name: 'vfscore-fstab',
  option: 'LIBVFSCORE_FSTAB',
  summary: 'mounts at boot',
  needs: ['vfscore', 'ramfs'],
  syscalls: [],
  parameters: [
    {
      name: 'vfs.fstab',
      help: 'mounts: dev:path:fs[:flags[:opts[:ukopts]]], ukopts of mkmp, ifinitrd0, ifnoinitrd0',
      isList: true,
      apply: (kernel, values) => {
        bootMounts(kernel).fstab.push(...values.map(parseFstabEntry));
      },
    },
    {
      name: 'vfs.rootfs',
      help: 'file system of the root: 9pfs, initrd, ramfs',
      isList: false,
      apply: (kernel, [value]) => {
        bootMounts(kernel).rootfs = value;
      },
    },
    {
      name: 'vfs.rootdev',
      help: 'device of the root: fs0, fs1, initrd0',
      isList: false,
      apply: (kernel, [value]) => {
        bootMounts(kernel).rootdev = value;
      },
    },
    {
      name: 'vfs.rootflags',
      help: 'flags of mount(2) for the root, a number',
      isList: false,
      apply: (kernel, [value = '']) => {
        if (!/^(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10})$/.test(value)) throw new ParameterError('a number is expected');
        bootMounts(kernel).rootflags = Number(value);
      },
    },
    {
      name: 'vfs.rootopts',
      help: 'options of the file system of the root',
      isList: false,
      apply: (kernel, [value = '']) => {
        bootMounts(kernel).rootopts = utf8ToStr(value);
      },
    },
  ],
});
