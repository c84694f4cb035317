/** The kernel command line of a spec, and a spec's parts from a line. */
import type { VmSpec } from '../../contract/vm-spec.ts';
import { quoteWord } from '../../image/cmdline.ts';

type LineParts = Pick<VmSpec, 'kernelArgs' | 'program' | 'env'> & { append?: string | undefined };

/** As a boot loader would pass it. The spec's environment is spelled as `env.vars`, which it comes after. */
export function specLine({ append, kernelArgs, program, env }: LineParts): string {
  const words = program.map(quoteWord);
  if (append !== undefined) return [append, ...words].join(' ');
  const variables = env.length === 0 ? [] : [`env.vars=[ ${env.map(quoteWord).join(' ')} ]`];
  return [...kernelArgs, ...variables, '--', ...words].join(' ');
}
