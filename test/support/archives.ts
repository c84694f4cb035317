/** Archives for tests, hostile ones too: members exactly as given. */
import { writeFileSync } from 'node:fs';
import { crc32, gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

export interface TarMember extends Partial<Header> {
  name: string;
  content?: string | Uint8Array;
}

export async function tarBytes(members: readonly TarMember[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = '', ...header } of members) archive.entry(header as Header, Buffer.from(content));
  archive.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of archive) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

export async function writeTarGz(path: string, members: readonly TarMember[]): Promise<void> {
  writeFileSync(path, gzipSync(await tarBytes(members)));
}

export interface ZipMember {
  name: string;
  content?: string;
  /** Type and permission bits. */
  mode?: number;
}

/** Stored members, as Info-ZIP on Unix writes them (APPNOTE.TXT 4.3). */
export function writeZip(path: string, members: readonly ZipMember[]): void {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, content = '', mode = 0o100644 } of members) {
    const [nameBytes, data] = [Buffer.from(name), Buffer.from(content)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, nameBytes, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([30, 3]), common, tail, nameBytes]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  writeFileSync(path, Buffer.concat([...locals, directory, end]));
}
