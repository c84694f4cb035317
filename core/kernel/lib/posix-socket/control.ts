/** Control messages, cmsg(3): descriptors (SCM_RIGHTS) and credentials (SCM_CREDENTIALS) that go along with bytes. */
import { EBADF, EINVAL, EPERM } from '../../abi/errno.ts';
import * as s from '../../abi/socket.ts';
import { fail } from '../../errors.ts';
import type { Task } from '../../task.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import type { ControlMessage, IncomingMessage, PeerCredentials } from './message.ts';
import type { Socket } from './socket.ts';

/** struct ucred: i32 pid, u32 uid, u32 gid. */
const UCRED_SIZE = 12;

export interface OutgoingControl {
  files: OpenFile[];
  credentials: PeerCredentials | undefined;
  /** Those of other levels. */
  others: ControlMessage[];
}

export const noControl: OutgoingControl = { files: [], credentials: undefined, others: [] };

/** What a sender's control buffer says. The caller owns the references. EINVAL, EBADF, EPERM. */
export function readControl(task: Task, gva: number, len: number): OutgoingControl {
  const control: OutgoingControl = { files: [], credentials: undefined, others: [] };
  const { memory } = task;
  try {
    let at = gva;
    while (gva + len - at >= s.CMSGHDR_SIZE) {
      const size = memory.getLong(at);
      if (size < s.CMSGHDR_SIZE || at + size > gva + len) fail(EINVAL);
      const level = memory.getI32(at + 8);
      const type = memory.getI32(at + 12);
      if (level === s.SOL_SOCKET) readOne(task, type, at, size, control);
      else {
        const data = memory.readBytes(at + s.CMSGHDR_SIZE, size - s.CMSGHDR_SIZE);
        control.others.push({ level, type, data });
      }
      at += s.cmsgAlign(size);
    }
    return control;
  } catch (error) {
    dropControl(control);
    throw error;
  }
}

export function dropControl({ files }: OutgoingControl): void {
  for (const file of files.splice(0)) file.drop();
}

function readOne(task: Task, type: number, at: number, size: number, control: OutgoingControl): void {
  const data = at + s.CMSGHDR_SIZE;
  if (type === s.SCM_RIGHTS) {
    const count = Math.floor((size - s.CMSGHDR_SIZE) / 4);
    if (control.files.length + count > s.SCM_MAX_FD) fail(EINVAL);
    for (let i = 0; i < count; i++) {
      const file = task.process.fds.getAny(task.memory.getI32(data + i * 4)) ?? fail(EBADF);
      control.files.push(file.retain());
    }
  } else if (type === s.SCM_CREDENTIALS) {
    if (size !== s.CMSGHDR_SIZE + UCRED_SIZE) fail(EINVAL);
    const [pid, uid, gid] = [0, 4, 8].map((offset) => task.memory.getI32(data + offset)) as [number, number, number];
    control.credentials = requireOwn(task, { pid, uid, gid });
  } else {
    fail(EINVAL);
  }
}

/** Only the superuser may claim to be somebody else. */
function requireOwn(task: Task, stated: PeerCredentials): PeerCredentials {
  const { process } = task;
  const { credentials: c } = process;
  const isOwn =
    stated.pid === process.pid &&
    [c.uid, c.euid, c.suid].includes(stated.uid) &&
    [c.gid, c.egid, c.sgid].includes(stated.gid);
  return isOwn || c.isPrivileged ? stated : fail(EPERM);
}

/** Writes control messages one after the other; what does not fit is cut, and MSG_CTRUNC says so. */
class ControlWriter {
  used = 0;
  isCut = false;
  private readonly task: Task;
  private readonly gva: number;
  private readonly room: number;

  constructor(task: Task, gva: number, room: number) {
    this.task = task;
    this.gva = gva;
    this.room = room;
  }

  /** Bytes of data that the next message may have. */
  get dataRoom(): number {
    return Math.max(0, this.room - this.used - s.CMSGHDR_SIZE);
  }

  put(level: number, type: number, data: Uint8Array): void {
    const part = data.subarray(0, this.dataRoom);
    if (part.length < data.length) this.isCut = true;
    if (this.room - this.used < s.CMSGHDR_SIZE) return;
    const { memory } = this.task;
    const at = this.gva + this.used;
    memory.setLong(at, s.CMSGHDR_SIZE + part.length);
    memory.setU32(at + 8, level);
    memory.setU32(at + 12, type);
    memory.writeBytes(at + s.CMSGHDR_SIZE, part);
    this.used += Math.min(s.cmsgAlign(s.CMSGHDR_SIZE + part.length), this.room - this.used);
  }
}

/**
 * Gives what came with a message to the receiver: writes the control buffer, installs descriptors. Returns the bytes used
 * of the buffer and MSG_* flags to add.
 */
export function writeControl(
  task: Task,
  socket: Socket,
  message: IncomingMessage,
  buffer: { gva: number; len: number },
  flags: number,
): { used: number; flags: number } {
  const writer = new ControlWriter(task, buffer.gva, buffer.len);
  putTimestamp(writer, socket, message);
  for (const { level, type, data } of message.control) writer.put(level, type, data);
  if (socket.passesCredentials && message.credentials !== undefined) {
    const { pid, uid, gid } = message.credentials;
    writer.put(s.SOL_SOCKET, s.SCM_CREDENTIALS, new Uint8Array(Int32Array.of(pid, uid, gid).buffer));
  }
  if (message.files.length > 0) {
    const fits = Math.floor(writer.dataRoom / 4);
    if (fits < message.files.length) writer.isCut = true;
    const fds = install(task, message.files.splice(0, fits), (flags & s.MSG_CMSG_CLOEXEC) !== 0);
    if (fds.length > 0) writer.put(s.SOL_SOCKET, s.SCM_RIGHTS, new Uint8Array(Int32Array.from(fds).buffer));
    message.dropFiles();
  }
  return { used: writer.used, flags: writer.isCut ? s.MSG_CTRUNC : 0 };
}

/** SO_TIMESTAMP: struct timeval; SO_TIMESTAMPNS: struct timespec. */
function putTimestamp(writer: ControlWriter, { options }: Socket, { timestampNs }: IncomingMessage): void {
  if (timestampNs === undefined) return;
  const seconds = timestampNs / 1_000_000_000n;
  const fraction = timestampNs % 1_000_000_000n;
  const pair = (low: bigint): Uint8Array => new Uint8Array(BigInt64Array.of(seconds, low).buffer);
  if (options.get(s.SO_TIMESTAMPNS)) writer.put(s.SOL_SOCKET, s.SO_TIMESTAMPNS, pair(fraction));
  else if (options.get(s.SO_TIMESTAMP)) writer.put(s.SOL_SOCKET, s.SO_TIMESTAMP, pair(fraction / 1000n));
}

/** As many as there is room for in the descriptor table. */
function install(task: Task, files: OpenFile[], isCloseOnExec: boolean): number[] {
  const { fds } = task.process;
  const installed: number[] = [];
  for (const file of files) {
    if (fds.isFull) file.drop();
    else installed.push(fds.install(file, isCloseOnExec));
  }
  return installed;
}
