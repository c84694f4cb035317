/**
 * What a thread that waits for its instance may do meanwhile: run a built-in example once, so that V8 has compiled and
 * learned what every start needs. Nothing of it is seen: its console takes and gives nothing, its file is read-only.
 */
import { vmSpec } from '../contract/vm-spec.ts';
import { loadImage } from '../machine/load-image.ts';
import { createMachine } from '../machine/machine.ts';
import type { MachineHost } from '../machine/machine-host.ts';
import { findExample } from './examples.ts';
import { nodeImageFiles } from './image-files.ts';

/** The example that does most of what programs do at their start. */
const EXAMPLE = 'tour';
const MEMORY_MIB = 64;

const deafConsole: MachineHost['console'] = {
  isTty: false,
  size: { columns: 80, rows: 24 },
  write() {},
  read: () => -1,
  hasInput: () => true,
};

/** Ends early when a request comes (`host.hasRequest`). */
export async function warmUp(host: MachineHost): Promise<void> {
  const path = findExample(EXAMPLE)!;
  const spec = vmSpec({
    name: 'warm-up',
    program: [`/${EXAMPLE}`],
    rootfs: { kind: 'files', files: [[`/${EXAMPLE}`, path]] },
    memoryMiB: MEMORY_MIB,
    isQuiet: true,
  });
  const image = await loadImage(spec.image, nodeImageFiles);
  const quiet = {
    ...host,
    console: deafConsole,
    cache: undefined,
    transport: undefined,
    idle() {},
    kernelMessage() {},
  };
  createMachine({ spec, image }, quiet).run();
  if (!host.hasRequest()) await collectGarbage();
}

/** Gives back the memory of the machine, some 25 MB, which would stay until the next one has filled the heap. */
async function collectGarbage(): Promise<void> {
  const { Session } = process.getBuiltinModule('node:inspector/promises');
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.collectGarbage');
  session.disconnect();
}
