/** User and group ids of a process, see credentials(7). Capabilities are those that the ids imply: all for euid 0. */
export class Credentials {
  uid = 0;
  gid = 0;
  euid = 0;
  egid = 0;
  /** Saved set-user-ID and set-group-ID. */
  suid = 0;
  sgid = 0;
  /** Ids that file permission checks use. */
  fsuid = 0;
  fsgid = 0;
  /** Supplementary groups. */
  groups: number[] = [];

  /** Sets every id at once, as login does (`--user UID:GID`). */
  setAll(uid: number, gid: number, groups: readonly number[] = []): void {
    this.uid = this.euid = this.suid = this.fsuid = uid;
    this.gid = this.egid = this.sgid = this.fsgid = gid;
    this.groups = [...groups];
  }

  /** As a fork child. */
  inherit(from: Credentials): void {
    Object.assign(this, from, { groups: [...from.groups] });
  }

  /** True when the process may do what Linux guards with CAP_*. */
  get isPrivileged(): boolean {
    return this.euid === 0;
  }

  /** True for the file system group and the supplementary ones. */
  isInGroup(gid: number): boolean {
    return this.fsgid === gid || this.groups.includes(gid);
  }
}
