/** ftruncate(2), fallocate(2), and what makes or advises about file content: fsync(2), sync_file_range(2), fadvise. */
import { EBADF, EFBIG, EINVAL, EISDIR, ENODEV, EOPNOTSUPP, ESPIPE } from '../../abi/errno.ts';
import {
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_UNSHARE_RANGE,
  FALLOC_FL_ZERO_RANGE,
  fallocateNames,
} from '../../abi/fcntl.ts';
import { S_IFBLK, S_IFDIR, S_IFIFO, S_IFREG } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { sharedMappings } from '../../mm/shared-mappings.ts';
import { arg, type NameTable, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { changeContent, checkSizeLimit } from '../../vfs/io.ts';
import { IN_MODIFY, notifyObject } from '../../vfs/notify.ts';
import type { OpenFile } from '../../vfs/open-file.ts';

export const ftruncate = defineSyscall({
  nr: 77,
  name: 'ftruncate',
  support: 'full',
  args: [arg.fd('fd'), arg.long('length')],
  result: result.ok,
  run: (task, fd, length) => {
    if (length < 0) return -EINVAL;
    const file = task.process.fds.require(fd);
    const { inode } = file;
    if (inode === undefined || inode.type !== S_IFREG || !file.isWritable) return -EINVAL;
    checkSizeLimit(task, length, file.stat().size);
    const answer = changeContent(task, inode, length, () => file.truncate(length));
    if (answer === 0) notifyObject(inode, file.path, IN_MODIFY);
    return answer;
  },
});

const KNOWN_MODES =
  FALLOC_FL_KEEP_SIZE |
  FALLOC_FL_PUNCH_HOLE |
  FALLOC_FL_COLLAPSE_RANGE |
  FALLOC_FL_ZERO_RANGE |
  FALLOC_FL_INSERT_RANGE |
  FALLOC_FL_UNSHARE_RANGE;

/** What the kind of file says against fallocate. */
function checkAllocatable(file: OpenFile): void {
  const type = file.inode?.type;
  if (type === S_IFIFO) fail(ESPIPE);
  if (type === S_IFDIR) fail(EISDIR);
  if (type !== S_IFREG && type !== S_IFBLK) fail(ENODEV);
}

export const fallocate = defineSyscall({
  nr: 285,
  name: 'fallocate',
  support: { partial: 'ramfs has no collapse and insert ranges; other file systems may lack the call' },
  args: [arg.fd('fd'), arg.flags('mode', fallocateNames), arg.long('offset'), arg.long('len')],
  result: result.ok,
  run: (task, fd, mode, offset, len) => {
    const file = task.process.fds.require(fd);
    if (offset < 0 || len <= 0) return -EINVAL;
    if ((mode & ~KNOWN_MODES) !== 0) return -EOPNOTSUPP;
    if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0 && (mode & FALLOC_FL_KEEP_SIZE) === 0) return -EOPNOTSUPP;
    if (!file.isWritable) return -EBADF;
    checkAllocatable(file);
    if (offset + len > Number.MAX_SAFE_INTEGER) return -EFBIG;
    if ((mode & FALLOC_FL_KEEP_SIZE) === 0) checkSizeLimit(task, offset + len, file.stat().size);
    return changeContent(task, file.inode!, offset, () => file.allocate(mode, offset, len));
  },
});

/** Writes everything that guests stored back, and asks the file to make it durable. */
function syncFile(task: Task, fd: number): number {
  const file = task.process.fds.require(fd);
  if (file.inode !== undefined) sharedMappings(task.kernel).syncToFile(file.inode);
  return file.sync();
}

export const fsync = defineSyscall({
  nr: 74,
  name: 'fsync',
  support: 'full',
  args: [arg.fd('fd')],
  result: result.ok,
  run: syncFile,
});

export const fdatasync = defineSyscall({
  nr: 75,
  name: 'fdatasync',
  support: 'full',
  args: [arg.fd('fd')],
  result: result.ok,
  run: syncFile,
});

const rangeNames: NameTable = [
  ['SYNC_FILE_RANGE_WAIT_BEFORE', 1],
  ['SYNC_FILE_RANGE_WRITE', 2],
  ['SYNC_FILE_RANGE_WAIT_AFTER', 4],
];

export const syncFileRange = defineSyscall({
  nr: 277,
  name: 'sync_file_range',
  support: 'full',
  args: [arg.fd('fd'), arg.long('offset'), arg.long('nbytes'), arg.flags('flags', rangeNames)],
  result: result.ok,
  run: (task, fd, offset, nbytes, flags) => {
    const file = task.process.fds.require(fd);
    if ((flags & ~7) !== 0 || offset < 0 || nbytes < 0) return -EINVAL;
    const type = file.inode?.type;
    if (type !== S_IFREG && type !== S_IFBLK && type !== S_IFDIR) return -ESPIPE;
    return flags === 0 ? 0 : syncFile(task, fd);
  },
});

const adviceNames: NameTable = [
  ['POSIX_FADV_NORMAL', 0],
  ['POSIX_FADV_RANDOM', 1],
  ['POSIX_FADV_SEQUENTIAL', 2],
  ['POSIX_FADV_WILLNEED', 3],
  ['POSIX_FADV_DONTNEED', 4],
  ['POSIX_FADV_NOREUSE', 5],
];

/** Advice changes nothing that a program can see; only its arguments are checked. */
export const fadvise64 = defineSyscall({
  nr: 221,
  name: 'fadvise64',
  support: 'full',
  args: [arg.fd('fd'), arg.long('offset'), arg.long('len'), arg.oneOf('advice', adviceNames)],
  result: result.ok,
  run: (task, fd, _offset, len, advice) => {
    const file = task.process.fds.require(fd);
    if (file.inode?.type === S_IFIFO) return -ESPIPE;
    return len < 0 || advice < 0 || advice > 5 ? -EINVAL : 0;
  },
});

export const readahead = defineSyscall({
  nr: 187,
  name: 'readahead',
  support: 'full',
  args: [arg.fd('fd'), arg.long('offset'), arg.size('count')],
  result: result.ok,
  run: (task, fd) => {
    const file = task.process.fds.require(fd);
    if (!file.isReadable) return -EBADF;
    return file.inode?.type === S_IFREG ? 0 : -EINVAL;
  },
});
