/**
 * The environment of the first program: the image's built-in variables, changed by the kernel parameter
 * `env.vars=[ LD_LIBRARY_PATH=/lib "GREETING=hello world" ]`. Values are byte strings.
 */
import { utf8ToStr } from '../../../base/bytes.ts';
import type { Kernel } from '../../kernel.ts';
import { defineLib } from '../../lib.ts';
import { ParameterError } from '../../parameters.ts';

/** Sets variables given as `NAME=value`: a name that exists keeps its place and gets the new value. */
export function setEnvironment(kernel: Kernel, assignments: readonly string[]): void {
  assignments.forEach((assignment, index) => {
    const equals = assignment.indexOf('=');
    if (equals <= 0) throw new ParameterError(`"${assignment}" is not of the form NAME=value`, index);
    kernel.environment.set(utf8ToStr(assignment.slice(0, equals)), utf8ToStr(assignment.slice(equals + 1)));
  });
}

export const posixEnviron = defineLib({
  name: 'posix-environ',
  option: 'LIBPOSIX_ENVIRON',
  summary: 'Environment of the first program',
  needs: [],
  syscalls: [],
  parameters: [
    {
      name: 'env.vars',
      help: 'environment variables, NAME=value each, over the built-in ones',
      isList: true,
      apply: setEnvironment,
    },
  ],
});
