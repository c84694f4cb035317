/**
 * Files of /etc that Unikraft writes at boot when they are missing: resolv.conf, hosts, hostname. A host folder gets no
 * file of ours in it until the guest changes one (Inode.provideFile).
 */
import { strToBytes, utf8ToStr } from '../base/bytes.ts';
import { errnoText } from './abi/errno.ts';
import { SysError } from './errors.ts';
import type { Kernel } from './kernel.ts';
import { provideDirectory } from './lib/vfscore-fstab/mount-points.ts';

/** What is known of the first network interface when the machine boots. */
export interface BootNetwork {
  /** Without its prefix length. */
  address?: string;
  dns?: readonly string[];
}

function hostsFile({ hostname, domainname }: Kernel, { address }: BootNetwork): string {
  const names = domainname === '(none)' || domainname === '' ? hostname : `${hostname}.${domainname} ${hostname}`;
  return `127.0.0.1 localhost\n${address ?? '127.0.1.1'} ${names}\n`;
}

function resolverFile({ domainname }: Kernel, { dns = [] }: BootNetwork): string {
  const search = domainname === '(none)' || domainname === '' ? '' : `search ${domainname}\n`;
  return search + dns.map((server) => `nameserver ${server}\n`).join('');
}

/** Provides each file that is missing. Needs `kernel.mounts`, and the host name as it is to be. */
export function provideBootFiles(kernel: Kernel, network: BootNetwork = {}): void {
  const files: [name: string, text: string][] = [
    ['resolv.conf', resolverFile(kernel, network)],
    ['hosts', hostsFile(kernel, network)],
    ['hostname', `${kernel.hostname}\n`],
  ];
  try {
    const etc = provideDirectory(kernel, '/etc').inode;
    for (const [name, text] of files) {
      if (etc.lookup(name) === undefined) etc.provideFile(name, strToBytes(utf8ToStr(text)));
    }
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    kernel.host.logger.log('warn', 'elfloader', `files of /etc are not written: ${errnoText(error.errno)}`);
  }
}
