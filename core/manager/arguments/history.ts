/** Command lines that were used or saved. */
import * as z from 'zod/mini';
import type { ArgumentsPreset } from '../../contract/api/arguments.ts';
import { DocumentKind } from '../store/document.ts';
import type { Home } from '../store/home.ts';
import { SharedDocument } from '../store/settings-store.ts';

const builtIn: readonly { name: string; line: string }[] = [
  { name: 'Greeting in the environment', line: 'env.vars=[ "GREETING=hello world" ] -- /bin/hello' },
  { name: 'Static network address', line: 'netdev.ip=[ 172.44.0.2/24:172.44.0.1 ] -- /bin/server' },
  { name: 'A second folder at /data', line: 'vfs.fstab=[ fs1:/data:9pfs:::mkmp ] -- /bin/sh' },
  { name: 'Dynamic loader called by hand', line: '/lib64/ld-linux-x86-64.so.2 --library-path / /helloworld' },
  { name: 'List the kernel parameters', line: 'help --' },
];

const presetsDocument = new DocumentKind(
  'the file of saved command lines',
  z.object({ presets: z.record(z.string(), z.string()) }),
);

export class ArgumentsHistory {
  private readonly document: SharedDocument<z.core.$ZodType<{ presets: Record<string, string> }>>;

  constructor(home: Home) {
    this.document = new SharedDocument(home, 'presets', presetsDocument, { presets: {} });
  }

  presets(): ArgumentsPreset[] {
    const own = Object.entries(this.document.get().presets).map(([name, line]) => ({ name, line, isBuiltIn: false }));
    return [...own, ...builtIn.map((preset) => ({ ...preset, isBuiltIn: true }))];
  }
  async save(name: string, line: string): Promise<void> {
    await this.document.change(({ presets }) => ({ presets: { ...presets, [name]: line } }));
  }
  async remove(name: string): Promise<void> {
    await this.document.change(({ presets }) => {
      const { [name]: _, ...rest } = presets;
      return { presets: rest };
    });
  }
}
