/** The instances of this process by name; each runs in a worker of its own and none can take another down. */
import { VmError } from '../contract/errors.ts';
import type { VmSpec } from '../contract/vm-spec.ts';
import { Instance, type OutputConsumer } from './instance.ts';
import { keepSpare } from './worker-thread.ts';

export class Manager {
  private readonly instances = new Map<string, Instance>();

  /** `keepsSpare`: a thread is always started ahead, for quick starts at the price of its memory. */
  constructor({ keepsSpare = false } = {}) {
    if (keepsSpare) keepSpare(true);
  }

  /** A new instance, not started. Its name must be free. */
  create(spec: VmSpec, consume: OutputConsumer): Instance {
    if (this.instances.has(spec.name))
      throw new VmError('cli.usage', `there is an instance named "${spec.name}" already`);
    const instance = new Instance(spec, consume);
    this.instances.set(spec.name, instance);
    return instance;
  }
  get(name: string): Instance | undefined {
    return this.instances.get(name);
  }
  list(): Instance[] {
    return [...this.instances.values()];
  }
  /** Forgets an instance that has ended or was never started. */
  remove(name: string): void {
    const instance = this.instances.get(name);
    if (instance?.state === 'running' || instance?.state === 'paused') {
      throw new VmError('cli.usage', `the instance "${name}" is still running; stop it first`);
    }
    this.instances.delete(name);
  }
}
