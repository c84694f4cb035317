/** `elfdeck rootfs make`. */
import { makeRootfs } from '../../manager/rootfs/rootfs-maker.ts';

export function makeRootfsCommand(directory: string, programs: readonly string[]): void {
  const paths = makeRootfs(directory, programs);
  process.stdout.write(`${paths.join('\n')}\n`);
}
