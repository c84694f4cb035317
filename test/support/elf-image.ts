/** Small ELF images for tests, built field by field so that any field can be wrong. */
export interface ImageSegment {
  type?: number;
  flags?: number;
  offset?: number;
  address: number;
  fileSize?: number;
  memSize?: number;
  align?: number;
}

export interface ImageOptions {
  type?: number;
  machine?: number;
  elfClass?: number;
  entry?: number;
  headerCount?: number;
  headerSize?: number;
  headerOffset?: number;
  segments?: readonly ImageSegment[];
  /** Contents by offset. */
  content?: Readonly<Record<number, readonly number[] | string>>;
  size?: number;
}

/** An ET_DYN x86-64 image with one readable, executable segment unless `options` say otherwise. */
export function elfImage(options: ImageOptions = {}): Uint8Array {
  const segments = options.segments ?? [{ address: 0, fileSize: options.size ?? 0x1000 }];
  const bytes = new Uint8Array(options.size ?? 0x1000);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, options.elfClass ?? 2, 1, 1]);
  view.setUint16(16, options.type ?? 3, true);
  view.setUint16(18, options.machine ?? 62, true);
  view.setBigUint64(24, BigInt(options.entry ?? 0x200), true);
  view.setBigUint64(32, BigInt(options.headerOffset ?? 64), true);
  view.setUint16(54, options.headerSize ?? 56, true);
  view.setUint16(56, options.headerCount ?? segments.length, true);
  for (const [i, segment] of segments.entries()) {
    const at = 64 + i * 56;
    const fileSize = segment.fileSize ?? 0;
    view.setUint32(at, segment.type ?? 1, true);
    view.setUint32(at + 4, segment.flags ?? 5, true);
    view.setBigUint64(at + 8, BigInt(segment.offset ?? 0), true);
    view.setBigUint64(at + 16, BigInt(segment.address), true);
    view.setBigUint64(at + 32, BigInt(fileSize), true);
    view.setBigUint64(at + 40, BigInt(segment.memSize ?? fileSize), true);
    view.setBigUint64(at + 48, BigInt(segment.align ?? 0x1000), true);
  }
  for (const [offset, what] of Object.entries(options.content ?? {})) {
    bytes.set(typeof what === 'string' ? new TextEncoder().encode(what) : what, Number(offset));
  }
  return bytes;
}
