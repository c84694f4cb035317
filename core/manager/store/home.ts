/**
 * Where everything is kept: one folder per user, the same for app and command line.
 *
 * | system  | folder                                             |
 * |---------|----------------------------------------------------|
 * | any     | ELFDECK_HOME                                       |
 * | Linux   | $XDG_DATA_HOME/elfdeck, else ~/.local/share/elfdeck |
 * | macOS   | ~/Library/Application Support/Elfdeck               |
 * | Windows | %LOCALAPPDATA%\Elfdeck                              |
 */
import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { VmError } from '../../contract/errors.ts';
import { hostReason } from '../../host/services.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export function homeFolder(
  env: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (env.ELFDECK_HOME) return resolve(env.ELFDECK_HOME);
  if (platform === 'darwin') return join(home, 'Library/Application Support/Elfdeck');
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData/Local'), 'Elfdeck');
  const data = env.XDG_DATA_HOME;
  // The XDG specification: a relative path is invalid and ignored.
  return join(data && isAbsolute(data) ? data : join(home, '.local/share'), 'elfdeck');
}

/** The places in a home folder. */
export class Home {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes what is missing. Throws VmError `store.unusable`. */
  static open(path: string = homeFolder()): Home {
    const home = new Home(path);
    try {
      for (const folder of [path, home.instances, home.removed, home.images, home.roots, home.staging, home.locks]) {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
      }
    } catch (error) {
      const message = `cannot use the data folder ${path}: ${hostReason(error)}; set ELFDECK_HOME to another one`;
      throw new VmError('store.unusable', message, { path }, error);
    }
    return home;
  }

  get instances(): string {
    return join(this.path, 'instances');
  }
  get removed(): string {
    return join(this.path, 'removed');
  }
  get images(): string {
    return join(this.path, 'images');
  }
  /** Root file systems of our own. */
  get roots(): string {
    return join(this.path, 'rootfs');
  }
  get catalogs(): string {
    return join(this.path, 'catalogs');
  }
  /** What is being made: whatever is in here and belongs to no living process is rubbish. */
  get staging(): string {
    return join(this.path, 'staging');
  }
  get locks(): string {
    return join(this.path, 'locks');
  }
  /** Touched by everyone who changes something, watched by those who show it. */
  get changeMark(): string {
    return join(this.path, 'changed');
  }
  file(name: string): string {
    return join(this.path, name);
  }
  /** Address of a manager's local socket: a path, on Windows a named pipe. */
  socketOf(pid: number): string {
    const hash = createHash('sha256').update(this.path).digest('hex').slice(0, 16);
    if (process.platform === 'win32') return `\\\\.\\pipe\\elfdeck-${hash}-${pid}`;
    const path = join(this.locks, `${pid}.sock`);
    if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path;
    const folder = join(tmpdir(), `elfdeck-${userInfo().uid}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Others must not be able to put a socket of their own there.
    const { uid, mode } = statSync(folder);
    if (uid !== userInfo().uid || (mode & 0o077) !== 0)
      throw new VmError('store.unusable', `the folder ${folder} belongs to somebody else; remove it`, { path: folder });
    return join(folder, `${hash}-${pid}.sock`);
  }
}

/** sun_path of unix(7) less its NUL; macOS has the shorter one. */
const MAX_SOCKET_PATH = 103;
