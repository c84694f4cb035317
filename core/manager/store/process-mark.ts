/**
 * Names a process for longer than it lives: a number that is used again after its end must not be taken for it. On Linux the
 * time of its start (field 22 of proc(5) stat, in ticks since the boot) tells the two apart, elsewhere the number alone has
 * to do.
 */
import { readFileSync } from 'node:fs';

export interface ProcessMark {
  pid: number;
  /** 0 where it is not known. */
  start: number;
}

let own: ProcessMark | undefined;

export function ownProcess(): ProcessMark {
  own ??= { pid: process.pid, start: startOf(process.pid) ?? 0 };
  return own;
}

export function isAlive({ pid, start }: ProcessMark): boolean {
  if (process.platform === 'linux') {
    const now = startOf(pid);
    return now !== undefined && (start === 0 || now === start);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export function isOwn(mark: ProcessMark): boolean {
  const self = ownProcess();
  return mark.pid === self.pid && mark.start === self.start;
}

function startOf(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    // No such process, or one that is just ending.
    return undefined;
  }
  // The name in field 2 may hold anything, also blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; what it held is free.
  return fields[0] === 'Z' ? undefined : Number(fields[19]);
}
