/** Which names of the guest may become names on the host. Names are byte strings. */
import { EINVAL, ENAMETOOLONG } from '../kernel/abi/errno.ts';

const WINDOWS_RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;
/** `:` would name an alternate stream, `\` a folder. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what Windows forbids
const WINDOWS_FORBIDDEN = /[\x00-\x1f\\:*?"<>|]|[. ]$/;

function isUtf8(name: string): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(name, 'latin1'));
    return true;
  } catch {
    return false;
  }
}

/** 0 when `name` may be used as one path component on the host, else -errno. */
export function checkHostName(name: string, platform: NodeJS.Platform = process.platform): number {
  if (name === '' || name === '.' || name === '..') return -EINVAL;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (c === 0 || c === 0x2f) return -EINVAL;
  }
  if (name.length > 255) return -ENAMETOOLONG;
  if (platform === 'linux') return 0;
  // Names are text there: bytes that are not would be replaced, and two names would become one.
  if (!isUtf8(name)) return -EINVAL;
  if (platform === 'win32' && (WINDOWS_FORBIDDEN.test(name) || WINDOWS_RESERVED.test(name))) return -EINVAL;
  return 0;
}
