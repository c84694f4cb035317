/** What the files of /proc are about, and the names that stand for many: processes, threads, descriptors. */
import type { Kernel } from '../../kernel.ts';
import type { Process } from '../../process.ts';
import type { Task } from '../../task.ts';
import type { FileRow, LinkRow, Row, Variable } from '../../vfs/generated-fs.ts';

export interface Subject {
  readonly kernel: Kernel;
  readonly process?: Process;
  readonly task?: Task;
  readonly fd?: number;
}

export type ProcRow = Row<Subject>;

/** A decimal number as the kernel writes it: no sign, no leading zero. */
function parseNumber(name: string): number {
  return /^(0|[1-9][0-9]{0,9})$/.test(name) ? Number(name) : -1;
}

const pid: Variable<Subject> = {
  name: 'pid',
  enter({ kernel }, name) {
    const process = kernel.processes.get(parseNumber(name));
    return process && { kernel, process };
  },
  list: ({ kernel }) => [...kernel.processes.keys()].map(String),
};

const tid: Variable<Subject> = {
  name: 'tid',
  enter({ kernel, process }, name) {
    const id = parseNumber(name);
    const task = process?.tasks.find((each) => each.tid === id);
    return process && task && { kernel, process, task };
  },
  list: ({ process }) => process?.tasks.map((task) => String(task.tid)) ?? [],
};

const fd: Variable<Subject> = {
  name: 'fd',
  enter(subject, name) {
    const number = parseNumber(name);
    return subject.process?.fds.getAny(number) && { ...subject, fd: number };
  },
  list: ({ process }) => (process === undefined ? [] : [...process.fds.entries()].map(([number]) => String(number))),
};

export const variables = [pid, tid, fd] as const;

/** The task that a file below <pid> speaks of: the thread, or the process's first one. Undefined for a zombie. */
export function taskOf({ process, task }: Subject): Task | undefined {
  return task ?? process?.tasks[0];
}

type Reader = (process: Process, task: Task | undefined) => string | Uint8Array;
type Options = Partial<Pick<FileRow<Subject>, 'mode' | 'write'>>;

/** A file of /proc/<pid>. */
export function processFile(name: string, read: Reader, options: Options = {}): ProcRow {
  return { path: `<pid>/${name}`, read: (subject) => read(subject.process!, taskOf(subject)), ...options };
}

/** A file of /proc/<pid> and of /proc/<pid>/task/<tid>. */
export function taskFile(name: string, read: Reader, options: Options = {}): ProcRow[] {
  return ['<pid>', '<pid>/task/<tid>'].map((directory) => ({
    path: `${directory}/${name}`,
    read: (subject: Subject) => read(subject.process!, taskOf(subject)),
    ...options,
  }));
}

/** The same in both places, for links. */
export function taskLink(name: string, row: Omit<LinkRow<Subject>, 'path'>): ProcRow[] {
  return ['<pid>', '<pid>/task/<tid>'].map((directory) => ({ path: `${directory}/${name}`, ...row }));
}

/** A file of the whole machine. */
export function systemFile(path: string, read: (kernel: Kernel) => string, options: Options = {}): ProcRow {
  return { path, read: ({ kernel }) => read(kernel), ...options };
}

/** `value kB`, right-aligned as in meminfo and status. */
export function kilobytes(bytes: number, width = 8): string {
  return `${String(Math.floor(bytes / 1024)).padStart(width)} kB`;
}
