/**
 * Reads and writes between open files and guest memory, as read(2), write(2), readv(2), pread(2) and their kin have
 * them. Bytes move straight between the file's buffer and the guest's memory. A buffer that is only partly accessible
 * gives a short count, and EFAULT when not even its first byte is.
 */
import { EAGAIN, EBADF, EFAULT, EFBIG, EINVAL } from '../abi/errno.ts';
import { O_APPEND, O_NONBLOCK } from '../abi/fcntl.ts';
import { IOV_MAX, MAX_RW_COUNT } from '../abi/fs.ts';
import { RLIMIT_FSIZE } from '../abi/resource.ts';
import { SIGXFSZ } from '../abi/signal.ts';
import { fail } from '../errors.ts';
import { fromProcess, sendToTask } from '../lib/uksignal/send.ts';
import { sharedMappings } from '../mm/shared-mappings.ts';
import type { Task } from '../task.ts';
import type { SysResult } from '../wait.ts';
import { orPartial, signalBrokenPipe, waitForFile } from './blocking.ts';
import type { Inode } from './inode.ts';
import { IN_ACCESS, IN_MODIFY, notifyObject } from './notify.ts';
import { type OpenFile, POLLOUT } from './open-file.ts';
import { RegularFile } from './regular-file.ts';

/** The file's own position, as OpenFile.read and write take it. */
export const AT_POSITION = -1;
/** From this size on a read looks how much there is before it touches the buffer's pages. */
const LARGE_READ = 65536;
/** Vectors up to this size are gathered for files that take messages or tear them (sockets, pipes, ttys). */
const GATHER_MAX = 262144;

/** An open file for reading. EBADF. */
export function readable(task: Task, fd: number): OpenFile {
  const file = task.process.fds.get(fd);
  return file?.isReadable === true ? file : fail(EBADF);
}
/** An open file for writing. EBADF. */
export function writable(task: Task, fd: number): OpenFile {
  const file = task.process.fds.get(fd);
  return file?.isWritable === true ? file : fail(EBADF);
}

/** One read into `[gva, gva+count)` without waiting: bytes or -errno. */
function tryRead(task: Task, file: OpenFile, gva: number, count: number, offset: number): number {
  let len = Math.min(count, MAX_RW_COUNT);
  if (file.isSeekable) {
    if (file.inode !== undefined) sharedMappings(task.kernel).syncToFile(file.inode);
    if (len > LARGE_READ) len = clampToFile(file, len, offset);
  }
  const { space } = task.memory;
  const bad = space.probe(gva, len, 'w');
  if (bad !== -1) {
    len = bad - gva;
    if (len <= 0) return -EFAULT;
  }
  return file.read(space.raw(gva, len), offset);
}

/** A big buffer need not become resident as a whole for a small file. */
function clampToFile(file: OpenFile, len: number, offset: number): number {
  if (!(file instanceof RegularFile)) return len;
  const size = file.size();
  const at = offset === AT_POSITION ? file.position : offset;
  return size > 0 ? Math.min(len, Math.max(size - at, LARGE_READ)) : len;
}

/** One write from `[gva, gva+count)` without waiting: bytes or -errno. */
function tryWrite(task: Task, file: OpenFile, gva: number, count: number, offset: number): number {
  let len = Math.min(count, MAX_RW_COUNT);
  const { space } = task.memory;
  const bad = space.probe(gva, len, 'r');
  if (bad !== -1) {
    len = bad - gva;
    if (len <= 0) return -EFAULT;
  }
  return writeBytes(task, file, space.raw(gva, len), offset);
}

/** Writes host or guest bytes: the one way into a file that keeps shared mappings and RLIMIT_FSIZE right. */
export function writeBytes(task: Task, file: OpenFile, bytes: Uint8Array, offset: number): number {
  if (!file.isSeekable) return file.write(bytes, offset);
  const limit = task.process.limits.soft(RLIMIT_FSIZE);
  const from = limit === Number.POSITIVE_INFINITY ? bytes : bytes.subarray(0, allowedBySize(task, file, offset, limit));
  if (from.length === 0 && bytes.length > 0) return -EFBIG;
  const { inode } = file;
  if (inode === undefined) return file.write(from, offset);
  const shared = sharedMappings(task.kernel);
  shared.syncToFile(inode);
  const answer = file.write(from, offset);
  if (answer > 0) {
    const isElsewhere = offset !== AT_POSITION && (file.flags & O_APPEND) !== 0;
    const start = offset === AT_POSITION ? file.position - answer : offset;
    if (isElsewhere) shared.refreshFromFile(inode, 0, Number.POSITIVE_INFINITY);
    else shared.refreshFromFile(inode, start, answer);
  }
  return answer;
}

/** Bytes that RLIMIT_FSIZE leaves; SIGXFSZ when there are none. */
function allowedBySize(task: Task, file: OpenFile, offset: number, limit: number): number {
  const isAppend = (file.flags & O_APPEND) !== 0;
  const at = isAppend ? file.stat().size : offset === AT_POSITION ? file.position : offset;
  if (at >= limit) sendToTask(task, SIGXFSZ, fromProcess(task.process));
  return Math.max(0, limit - at);
}

/** Runs a change of a file's size or content with shared mappings kept coherent. 0 or -errno. */
export function changeContent(task: Task, inode: Inode, start: number, change: () => number): number {
  const shared = sharedMappings(task.kernel);
  shared.syncToFile(inode);
  const answer = change();
  if (answer >= 0) shared.refreshFromFile(inode, start, Number.POSITIVE_INFINITY);
  return answer;
}

/** EFBIG and SIGXFSZ when RLIMIT_FSIZE forbids a size. */
export function checkSizeLimit(task: Task, size: number, oldSize: number): void {
  if (size <= oldSize || size <= task.process.limits.soft(RLIMIT_FSIZE)) return;
  sendToTask(task, SIGXFSZ, fromProcess(task.process));
  fail(EFBIG);
}

/** Reads bytes for the kernel (sendfile and the like): what guests stored to shared mappings is in them. */
export function readBytes(task: Task, file: OpenFile, into: Uint8Array, offset: number): number {
  if (file.isSeekable && file.inode !== undefined) sharedMappings(task.kernel).syncToFile(file.inode);
  return file.read(into, offset);
}

function noteRead(file: OpenFile, answer: number): number {
  if (answer > 0 && file.path !== undefined) notifyObject(file.inode, file.path, IN_ACCESS);
  return answer;
}
function noteWritten(file: OpenFile, answer: number): number {
  if (answer > 0 && file.path !== undefined) notifyObject(file.inode, file.path, IN_MODIFY);
  return answer;
}

/** read(2) at the position or pread(2) at `offset`, waiting when the file may. */
export function readFile(task: Task, file: OpenFile, gva: number, count: number, offset = AT_POSITION): SysResult {
  const answer = tryRead(task, file, gva, count, offset);
  if (answer !== -EAGAIN || (file.flags & O_NONBLOCK) !== 0) return noteRead(file, answer);
  return waitForFile(task, file, () => tryRead(task, file, gva, count, offset), file.readTimeoutNs);
}

/** write(2) at the position or pwrite(2) at `offset`, waiting when the file may; SIGPIPE with EPIPE. */
export function writeFile(task: Task, file: OpenFile, gva: number, count: number, offset = AT_POSITION): SysResult {
  const answer = tryWrite(task, file, gva, count, offset);
  if (answer >= 0 && (answer === count || !isCutShort(file))) return noteWritten(file, answer);
  if ((answer < 0 && answer !== -EAGAIN) || (file.flags & O_NONBLOCK) !== 0) return signalBrokenPipe(task, answer);
  return waitToWrite(task, file, Math.max(answer, 0), count, (done) =>
    tryWrite(task, file, gva + done, count - done, offset),
  );
}

/** A short write to a stream that is full now goes on when there is room again (pipes, sockets, ttys). */
function isCutShort(file: OpenFile): boolean {
  return !file.isSeekable && (file.poll() & POLLOUT) === 0;
}

/** Writes the rest after `start` bytes as room comes; what was written counts when an error or a signal ends it. */
function waitToWrite(
  task: Task,
  file: OpenFile,
  start: number,
  count: number,
  writeFrom: (done: number) => number,
): SysResult {
  let done = start;
  const attempt = (): number => {
    while (done < count) {
      const answer = writeFrom(done);
      if (answer === -EAGAIN) return -EAGAIN;
      if (answer <= 0) {
        signalBrokenPipe(task, answer);
        return done > 0 ? done : answer;
      }
      done += answer;
      if (done < count && !isCutShort(file)) break;
    }
    return done;
  };
  const wait = waitForFile(task, file, attempt, file.writeTimeoutNs);
  return orPartial(wait, () => done);
}

/** A struct iovec array. */
export interface IoVector {
  /** Address and length, in turns. */
  readonly parts: readonly number[];
  readonly total: number;
}

/** Reads a guest's iovec array. EINVAL for a bad count or length, EFAULT. */
export function readVector(task: Task, gva: number, count: number): IoVector {
  if (count < 0 || count > IOV_MAX) fail(EINVAL);
  const { memory } = task;
  memory.check(gva, count * 16, 'r');
  const parts: number[] = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const len = memory.getLong(gva + i * 16 + 8);
    if (len < 0) fail(EINVAL);
    const taken = Math.min(len, MAX_RW_COUNT - total);
    parts.push(memory.getLong(gva + i * 16), taken);
    total += taken;
  }
  return { parts, total };
}

export function readFileVector(task: Task, file: OpenFile, vector: IoVector, offset = AT_POSITION): SysResult {
  if (vector.parts.length === 2) return readFile(task, file, vector.parts[0]!, vector.parts[1]!, offset);
  const attempt = (): number =>
    file.isSeekable || vector.total > GATHER_MAX ? readParts(task, file, vector, offset) : scatter(task, file, vector);
  const answer = attempt();
  if (answer !== -EAGAIN || (file.flags & O_NONBLOCK) !== 0) return noteRead(file, answer);
  return waitForFile(task, file, attempt, file.readTimeoutNs);
}

function readParts(task: Task, file: OpenFile, { parts }: IoVector, offset: number): number {
  let done = 0;
  for (let i = 0; i < parts.length; i += 2) {
    const len = parts[i + 1]!;
    if (len === 0) continue;
    const answer = tryRead(task, file, parts[i]!, len, offset === AT_POSITION ? offset : offset + done);
    if (answer < 0) return done > 0 ? done : answer;
    done += answer;
    if (answer < len) break;
  }
  return done;
}

/** One read of the file for the whole vector, so that a message is not cut into pieces. */
function scatter(task: Task, file: OpenFile, { parts, total }: IoVector): number {
  const { memory } = task;
  for (let i = 0; i < parts.length; i += 2) memory.check(parts[i]!, parts[i + 1]!, 'w');
  const bytes = new Uint8Array(total);
  const answer = file.read(bytes, AT_POSITION);
  let done = 0;
  for (let i = 0; done < answer; i += 2) {
    const len = Math.min(parts[i + 1]!, answer - done);
    memory.writeBytes(parts[i]!, bytes.subarray(done, done + len));
    done += len;
  }
  return answer;
}

export function writeFileVector(task: Task, file: OpenFile, vector: IoVector, offset = AT_POSITION): SysResult {
  const { parts, total } = vector;
  if (parts.length === 2) return writeFile(task, file, parts[0]!, parts[1]!, offset);
  if (file.isSeekable) return noteWritten(file, writeParts(task, file, vector, offset));
  const bytes = gather(task, vector);
  const answer = file.write(bytes, AT_POSITION);
  if (answer >= 0 && (answer === total || !isCutShort(file))) return noteWritten(file, answer);
  if ((answer < 0 && answer !== -EAGAIN) || (file.flags & O_NONBLOCK) !== 0) return signalBrokenPipe(task, answer);
  return waitToWrite(task, file, Math.max(answer, 0), total, (done) => file.write(bytes.subarray(done), AT_POSITION));
}

function writeParts(task: Task, file: OpenFile, { parts }: IoVector, offset: number): number {
  let done = 0;
  for (let i = 0; i < parts.length; i += 2) {
    const len = parts[i + 1]!;
    if (len === 0) continue;
    const answer = tryWrite(task, file, parts[i]!, len, offset === AT_POSITION ? offset : offset + done);
    if (answer < 0) return done > 0 ? done : answer;
    done += answer;
    if (answer < len) break;
  }
  return done;
}

/** The bytes of a vector in one piece; EFAULT when one is not accessible. */
function gather(task: Task, { parts, total }: IoVector): Uint8Array {
  const bytes = new Uint8Array(total);
  let done = 0;
  for (let i = 0; i < parts.length; i += 2) {
    const len = parts[i + 1]!;
    bytes.set(task.memory.view(parts[i]!, len, 'r'), done);
    done += len;
  }
  return bytes;
}
