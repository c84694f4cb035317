/** Names and figures of the system: manifest. */
import { defineLib } from '../../lib.ts';
import { sysinfo, syslog } from './sysinfo.ts';
import { setdomainname, sethostname, uname } from './uname.ts';

export const posixSysinfo = defineLib({
  name: 'posix-sysinfo',
  option: 'LIBPOSIX_SYSINFO',
  summary: 'Names, memory and load of the system',
  needs: ['posix-time'],
  syscalls: [uname, sethostname, setdomainname, sysinfo, syslog],
});
