/** Names of archive members and uploads: relative, without `..`, and of characters that a name may have. */
import { VmError } from '../../contract/errors.ts';

const MAX_PATH = 4096;
const MAX_NAME = 255;

/** The parts of a name, `.` and empty ones left out. Throws VmError `archive.refused`. */
export function checkMemberPath(path: string): string[] {
  const refuse = (why: string): never => {
    throw new VmError('archive.refused', `the entry "${shorten(path)}" is refused: ${why}; nothing was unpacked`, {
      entry: shorten(path),
    });
  };
  if (path.length > MAX_PATH) refuse('its name is too long');
  if (path.includes('\0')) refuse('its name has a NUL in it');
  if (path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || path.startsWith('\\')) refuse('its path is absolute');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) refuse('its path leads out of the archive (..)');
  if (process.platform === 'win32' && parts.some((part) => /[\\:*?"<>|]/.test(part)))
    refuse('Windows has no such names');
  if (parts.some((part) => Buffer.byteLength(part) > MAX_NAME)) refuse('its name is too long');
  return parts;
}

const shorten = (text: string): string =>
  (text.length > 120 ? `${text.slice(0, 117)}...` : text).replaceAll('\0', '\\0');
