/**
 * Lays instructions out one after the other and keeps track of which status flags are defined, so that no program reads a
 * flag that the manual leaves undefined: an instruction that would gets one in front that defines them all.
 */
import { ALL_FLAGS, definedAfter, encode, flagEffect, type Label, type Op } from './ops.ts';
import type { Rows } from './rows.ts';
import { jump, op } from './shapes.ts';

export interface Emitted {
  readonly op: Op;
  readonly ip: number;
  readonly length: number;
  /** Flags that are defined before it. */
  readonly defined: number;
}

export class Emitter {
  readonly rows: Rows;
  readonly list: Emitted[] = [];
  /** Flags defined here. */
  defined = 0;
  /** Control can come here from the instruction before. */
  isReachable = true;
  /** Bytes on the stack since the function's frame was made. */
  stackBytes = 0;
  private ip: number;
  private readonly canFault: (o: Op) => boolean;
  private readonly places = new Map<Label, number>();
  private readonly incoming = new Map<Label, number>();

  /** With `canFault`, instructions for which it holds may be skipped because they raise. */
  constructor(rows: Rows, start: number, canFault: (o: Op) => boolean = () => false) {
    this.rows = rows;
    this.ip = start;
    this.canFault = canFault;
  }

  get here(): number {
    return this.ip;
  }

  /** Goes on at another address. */
  moveTo(address: number): void {
    this.ip = address;
    this.isReachable = false;
  }

  op(o: Op): void {
    const { reads } = flagEffect(o);
    if ((reads & ~this.defined) !== 0) this.defineFlags();
    const { length } = encode(o, this.ip, () => this.ip);
    this.list.push({ op: o, ip: this.ip, length, defined: this.defined });
    this.ip += length;
    this.defined = definedAfter(o, this.defined, this.canFault(o));
  }

  /** Defines all flags, by a comparison of two registers that change from place to place. */
  defineFlags(): void {
    const n = this.list.length;
    this.op(op(this.rows, 'cmp Ev Gv', 64, { reg: n & 15, rm: (n * 7 + 3) & 15 }));
  }

  needFlags(set: number): void {
    if ((set & ~this.defined) !== 0) this.defineFlags();
  }
  needAllFlags(): void {
    this.needFlags(ALL_FLAGS);
  }

  /** A branch to a label that is placed later: its flags meet those of the other ways there. */
  branch(name: string, label: Label): void {
    const o = jump(this.rows, name, label);
    this.needFlags(flagEffect(o).reads);
    this.joins(label);
    this.op(o);
    if (name.startsWith('jmp')) this.isReachable = false;
  }

  /** Notes that control comes to the label from here by other means. */
  joins(label: Label): void {
    this.incoming.set(label, (this.incoming.get(label) ?? ALL_FLAGS) & this.defined);
  }

  place(label: Label): void {
    this.defined = (this.isReachable ? this.defined : ALL_FLAGS) & (this.incoming.get(label) ?? ALL_FLAGS);
    this.isReachable = true;
    this.places.set(label, this.ip);
  }

  /** Places a label that branches from further down come to, which keep to `defined`. */
  placeHead(label: Label, defined: number): void {
    this.place(label);
    this.defined &= defined;
  }

  addressOf(label: Label): number {
    const address = this.places.get(label);
    if (address === undefined) throw new Error(`label ${label.name} has no place`);
    return address;
  }

  /** Bytes of an instruction, now that all labels have their places. */
  bytesOf({ op: o, ip }: Emitted): Uint8Array {
    return encode(o, ip, (label) => this.addressOf(label));
  }
}
