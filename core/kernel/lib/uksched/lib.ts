/** What the guest says to and asks of the scheduler: manifest of the micro-library. */
import { defineLib } from '../../lib.ts';
import * as affinity from './affinity.ts';
import * as policy from './policy.ts';
import * as priority from './priority.ts';

export const uksched = defineLib({
  name: 'uksched',
  option: 'LIBUKSCHED',
  summary: 'Scheduling: yield, policies, priorities, affinity',
  needs: ['posix-process'],
  syscalls: [
    affinity.schedYield,
    affinity.schedSetaffinity,
    affinity.schedGetaffinity,
    policy.schedSetparam,
    policy.schedGetparam,
    policy.schedSetscheduler,
    policy.schedGetscheduler,
    policy.schedGetPriorityMax,
    policy.schedGetPriorityMin,
    policy.schedRrGetInterval,
    policy.schedSetattr,
    policy.schedGetattr,
    priority.getpriority,
    priority.setpriority,
    priority.ioprioSet,
    priority.ioprioGet,
  ],
});
