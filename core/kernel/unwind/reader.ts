/** Little-endian reading of DWARF data, with the address of each byte; RangeError beyond the end. */

/** Pointer encodings (LSB Core, 10.5.1): format in the low half, base in the high one. */
const DW_EH_PE_omit = 0xff;
const DW_EH_PE_pcrel = 0x10;
const DW_EH_PE_datarel = 0x30;

export class ByteReader {
  private readonly view: DataView;
  /** Address of the view's first byte. */
  private readonly start: number;
  private at = 0;
  private readonly end: number;

  constructor(view: DataView, start = 0, end = view.byteLength) {
    this.view = view;
    this.start = start;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }
  /** Address of the next byte. */
  get address(): number {
    return this.start + this.at;
  }
  /** Moves on, or back. */
  skip(count: number): void {
    const next = this.at + count;
    if (!(next >= 0 && next <= this.end)) throw new RangeError('skipped out of the data');
    this.at = next;
  }

  private take(count: number): number {
    const { at } = this;
    this.skip(count);
    return at;
  }
  u8(): number {
    return this.view.getUint8(this.take(1));
  }
  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }
  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }
  u64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }
  uleb(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (!(byte & 0x80)) return value;
      scale *= 128;
    }
  }
  sleb(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (!(byte & 0x80)) return byte & 0x40 ? value - scale : value;
    }
  }
  /** A NUL-terminated string. */
  string(): string {
    let s = '';
    for (let c = this.u8(); c !== 0; c = this.u8()) s += String.fromCharCode(c);
    return s;
  }
  /** A block of `len` bytes as a reader of its own. */
  block(len: number): ByteReader {
    const at = this.take(len);
    return new ByteReader(new DataView(this.view.buffer, this.view.byteOffset + at, len), this.start + at);
  }

  /** Another reader of the same bytes, at their start. */
  copy(): ByteReader {
    return new ByteReader(this.view, this.start, this.end);
  }

  /** A pointer in encoding `encoding`; `dataBase` is what datarel ones count from. Indirect ones are not followed. */
  pointer(encoding: number, dataBase = 0): number {
    if (encoding === DW_EH_PE_omit) return 0;
    const { address } = this;
    const value = this.encoded(encoding & 15);
    switch (encoding & 0x70) {
      case 0:
        return value;
      case DW_EH_PE_pcrel:
        return address + value;
      case DW_EH_PE_datarel:
        return dataBase + value;
    }
    throw new RangeError(`pointer encoding 0x${encoding.toString(16)}`);
  }

  private encoded(format: number): number {
    switch (format) {
      case 0x1:
        return this.uleb();
      case 0x2:
        return this.u16();
      case 0x3:
        return this.u32();
      case 0x9:
        return this.sleb();
      case 0xa:
        return (this.u16() << 16) >> 16;
      case 0xb:
        return this.u32() | 0;
      case 0x0:
      case 0x4:
      case 0xc:
        return Number(BigInt.asIntN(64, BigInt(this.u64())));
    }
    throw new RangeError(`pointer format ${format}`);
  }
}
