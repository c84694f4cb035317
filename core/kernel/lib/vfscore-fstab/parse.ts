/**
 * Entries of `vfs.fstab`: `dev:path:fs[:flags[:opts[:ukopts]]]`. `flags` is a number as mount(2) takes it, `opts` is the
 * file system's own text, `ukopts` is a comma-separated list:
 *
 *   mkmp          make the mount point if it is missing
 *   ifinitrd0     only with an initrd
 *   ifnoinitrd0   only without one
 */
import { utf8ToStr } from '../../../base/bytes.ts';
import { ParameterError } from '../../parameters.ts';

export interface FstabEntry {
  /** `fs0`, `initrd0`, `embedded`; empty for file systems without a device. */
  device: string;
  /** Absolute, a byte string. */
  path: string;
  /** `9pfs`, `ramfs`, `devfs`, `extract`... */
  type: string;
  /** MS_* of mount(2). */
  flags: number;
  options: string;
  /** Make the mount point. */
  makesMountPoint: boolean;
  /** Mount only with (true) or without (false) an initrd. */
  ifInitrd: boolean | undefined;
  /** As written, for messages. */
  text: string;
}

const FIELDS = ['device', 'path', 'file system', 'flags', 'options', 'ukopts'] as const;

/** Where each field begins, in characters of the text. */
function split(text: string): { value: string; column: number }[] {
  const fields: { value: string; column: number }[] = [];
  let column = 0;
  for (const value of text.split(':')) {
    fields.push({ value, column });
    column += value.length + 1;
  }
  return fields;
}

/** Throws ParameterError about value number `index`; the message tells the column. */
export function parseFstabEntry(text: string, index = 0): FstabEntry {
  const fields = split(text);
  const bad = (field: number, why: string): never => {
    const column = fields[field]?.column ?? text.length;
    throw new ParameterError(`"${text}", column ${column + 1} (${FIELDS[field] ?? 'too many fields'}): ${why}`, index);
  };
  if (fields.length < 3) bad(fields.length, 'missing; the form is dev:path:fs[:flags[:opts[:ukopts]]]');
  if (fields.length > FIELDS.length) bad(FIELDS.length, 'the form is dev:path:fs[:flags[:opts[:ukopts]]]');
  const [device = '', path = '', type = '', flags = '', options = '', ukopts = ''] = fields.map(({ value }) => value);
  if (!path.startsWith('/')) bad(1, 'a path must begin with "/"');
  if (!/^[0-9a-z_-]+$/.test(type)) bad(2, 'a file system name is expected');
  if (flags !== '' && !/^(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10})$/.test(flags)) bad(3, 'a number is expected');
  const words = ukopts.split(',').filter((word) => word !== '');
  const unknown = words.find((word) => !['mkmp', 'ifinitrd0', 'ifnoinitrd0'].includes(word));
  if (unknown !== undefined) bad(5, `"${unknown}" is not one of mkmp, ifinitrd0, ifnoinitrd0`);
  const with0 = words.includes('ifinitrd0');
  const without0 = words.includes('ifnoinitrd0');
  if (with0 && without0) bad(5, 'ifinitrd0 and ifnoinitrd0 exclude each other');
  return {
    device,
    path: utf8ToStr(path),
    type,
    // C's notation: a leading 0 is octal.
    flags: flags === '' ? 0 : /^0[0-7]+$/.test(flags) ? Number.parseInt(flags, 8) : Number(flags),
    options: utf8ToStr(options),
    makesMountPoint: words.includes('mkmp'),
    ifInitrd: with0 ? true : without0 ? false : undefined,
    text,
  };
}
