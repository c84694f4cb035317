/** Terminals of this computer, by node-pty, which may be absent: then the reason is known and shown. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { IPty } from '@lydell/node-pty';
import type { Feature } from '../../contract/api/app.ts';
import { VmError } from '../../contract/errors.ts';
import type { ByteStream } from '../../contract/streams.ts';
import type { TerminalSize } from '../../contract/vm-spec.ts';
import { projectRoot } from '../../host/examples.ts';

type NodePty = typeof import('@lydell/node-pty');

export class HostTerminals {
  private readonly terminals = new Map<string, IPty>();
  private count = 0;
  private module: Promise<NodePty> | undefined;

  private load(): Promise<NodePty> {
    this.module ??= import('@lydell/node-pty');
    return this.module;
  }

  async feature(): Promise<Feature> {
    try {
      await this.load();
      return { isAvailable: true, reason: '' };
    } catch (error) {
      const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
      return { isAvailable: false, reason: `the terminal module can't be loaded on this computer: ${why}` };
    }
  }

  /** A shell in `folder`; its output goes to the stream, the stream's bytes to it. */
  async open(folder: string, size: TerminalSize, stream: ByteStream): Promise<string> {
    const feature = await this.feature();
    if (!feature.isAvailable) throw new VmError('feature.unavailable', feature.reason);
    const { spawn } = await this.load();
    const pty = spawn(shell(), [], {
      cwd: folder,
      cols: size.columns,
      rows: size.rows,
      name: 'xterm-256color',
      env: { ...process.env, PATH: `${join(projectRoot(), 'core/cli/bin')}${delimiter}${process.env.PATH ?? ''}` },
      encoding: null,
    });
    const id = `terminal-${++this.count}`;
    this.terminals.set(id, pty);
    pty.onData((data: string | Uint8Array) => {
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
      pty.pause();
      void stream.write(new Uint8Array(bytes)).then(() => pty.resume());
    });
    pty.onExit(() => {
      this.terminals.delete(id);
      stream.close();
    });
    const decoder = new TextDecoder();
    stream.consume((bytes) => pty.write(decoder.decode(bytes, { stream: true })));
    void stream.ended.then(() => this.close(id));
    return id;
  }

  resize(id: string, size: TerminalSize): void {
    this.find(id).resize(size.columns, size.rows);
  }
  close(id: string): void {
    const pty = this.terminals.get(id);
    this.terminals.delete(id);
    pty?.kill();
  }
  private find(id: string): IPty {
    const pty = this.terminals.get(id);
    if (pty === undefined) throw new VmError('terminal.not-found', 'the terminal has ended', { terminal: id });
    return pty;
  }
  dispose(): void {
    for (const id of [...this.terminals.keys()]) this.close(id);
  }
}

function shell(): string {
  if (process.platform === 'win32') return process.env.ComSpec ?? 'cmd.exe';
  for (const candidate of [process.env.SHELL, '/bin/bash', '/bin/sh']) {
    if (candidate !== undefined && isExecutable(candidate)) return candidate;
  }
  throw new VmError('feature.unavailable', 'there is no shell on this computer; set SHELL to one');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
