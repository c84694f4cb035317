/**
 * Output that a reader missed, and what it gets instead: attributes reset, the private modes (alternate screen, cursor, mouse)
 * as the missing bytes left them, and a line that says how much there was. So what follows is never shown wrong.
 */
const ESC = 0x1b;
const NEWLINE = 0x0a;
/** Longest sequence that sets modes: `ESC [ ? 1000;1002;1006;2004 h` and more. */
const SEQUENCE_BYTES = 32;
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

export class Gap {
  bytes = 0;
  private readonly modes = new Map<string, string>();
  /** The last bytes, for a sequence that goes on in the next piece. */
  private rest: Uint8Array = new Uint8Array(0);

  /** Notes a piece that is left out; pieces come in order. */
  add(piece: Uint8Array): void {
    this.bytes += piece.length;
    if (this.rest.includes(ESC)) this.noteModes(Buffer.concat([this.rest, piece.subarray(0, SEQUENCE_BYTES)]));
    this.noteModes(piece);
    this.rest = piece.slice(-SEQUENCE_BYTES);
  }
  private noteModes(bytes: Uint8Array): void {
    for (let at = bytes.indexOf(ESC); at !== -1; at = bytes.indexOf(ESC, at + 1)) {
      const text = String.fromCharCode(...bytes.subarray(at + 1, at + SEQUENCE_BYTES));
      const [, modes, value] = /^\[\?([\d;]+)([hl])/.exec(text) ?? [];
      if (modes !== undefined) for (const mode of modes.split(';')) this.modes.set(mode, value!);
    }
  }

  /** What takes its place; `{size}` in `note` stands for how much is missing. */
  text(note: string): Uint8Array {
    const modes = [...this.modes].map(([mode, value]) => `${String.fromCharCode(ESC)}[?${mode}${value}`).join('');
    const said = note.replaceAll('{size}', formatSize(this.bytes));
    return new TextEncoder().encode(`\x1b[0m${modes}\r\n\x1b[7m ${said} \x1b[0m\r\n`);
  }
}

/** Index after the first line end at or after `from`; `from` when there is none. */
export function afterLineEnd(bytes: Uint8Array, from = 0): number {
  const at = bytes.indexOf(NEWLINE, from);
  return at === -1 ? from : at + 1;
}

function formatSize(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${UNITS[power]}`;
}
