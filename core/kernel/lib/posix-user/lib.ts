/** Users and groups: manifest. */
import { defineLib } from '../../lib.ts';
import { getgroups, setgroups } from './groups.ts';
import * as ids from './ids.ts';

export const posixUser = defineLib({
  name: 'posix-user',
  option: 'LIBPOSIX_USER',
  summary: 'User and group ids',
  needs: [],
  syscalls: [
    ids.getuid,
    ids.getgid,
    ids.geteuid,
    ids.getegid,
    ...ids.userSetters,
    ...ids.groupSetters,
    getgroups,
    setgroups,
  ],
});
