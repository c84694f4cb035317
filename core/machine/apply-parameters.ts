/** Kernel parameters: from the words of the command line to the micro-libraries that own them. */
import { VmError } from '../contract/errors.ts';
import type { VmSpec } from '../contract/vm-spec.ts';
import { CommandLineError, type Parameter, parseCommandLine, parseParameters, splitWords } from '../image/cmdline.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { KernelParameter, MicroLibrary } from '../kernel/lib.ts';
import { ParameterError } from '../kernel/parameters.ts';

/** A parameter and the text its positions count in. */
interface Located {
  parameter: Parameter;
  where: string;
}

export interface BootLine {
  parameters: Located[];
  hasHelp: boolean;
  program: readonly string[];
}

/** What the spec says: a whole command line, or single parameters and a program. */
export function readBootLine(spec: VmSpec): BootLine {
  if (spec.append !== undefined) {
    const where = 'of the kernel command line';
    const { parameters, hasHelp, program } = locate(where, () => parseCommandLine(spec.append!));
    // Words given beside it are the program's too, as after `run.sh -i`.
    return {
      parameters: parameters.map((parameter) => ({ parameter, where })),
      hasHelp,
      program: [...program, ...spec.program],
    };
  }
  const line: BootLine = { parameters: [], hasHelp: false, program: spec.program };
  for (const text of spec.kernelArgs) {
    const where = `of "${text}"`;
    const { parameters, hasHelp } = locate(where, () => parseParameters(splitWords(text)));
    line.parameters.push(...parameters.map((parameter) => ({ parameter, where })));
    line.hasHelp ||= hasHelp;
  }
  return line;
}

function malformed(message: string, position: number, where: string): VmError {
  return new VmError('parameter.malformed', `malformed kernel parameter at position ${position} ${where}: ${message}`, {
    position,
  });
}

function locate<T>(where: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof CommandLineError) throw malformed(error.message, error.position, where);
    throw error;
  }
}

/** Gives each parameter to its library, in order. */
export function applyParameters(kernel: Kernel, line: BootLine): void {
  for (const { parameter, where } of line.parameters) {
    const definition = findParameter(kernel.libraries, parameter.name);
    if (definition === undefined) {
      const message = `there is no parameter "${parameter.name}" in this image; the parameter "help" lists those there are`;
      throw malformed(message, parameter.position, where);
    }
    if (!definition.isList && parameter.values.length !== 1) {
      throw malformed(`${parameter.name} takes one value`, parameter.position, where);
    }
    try {
      definition.apply(
        kernel,
        parameter.values.map((value) => value.text),
      );
    } catch (error) {
      if (!(error instanceof ParameterError)) throw error;
      const value = parameter.values[error.index];
      throw malformed(`${parameter.name}: ${error.message}`, value?.position ?? parameter.position, where);
    }
  }
}

function findParameter(libraries: readonly MicroLibrary[], name: string): KernelParameter | undefined {
  return allParameters(libraries).find((parameter) =>
    parameter.name.endsWith('*') ? name.startsWith(parameter.name.slice(0, -1)) : parameter.name === name,
  );
}

const allParameters = (libraries: readonly MicroLibrary[]): KernelParameter[] =>
  libraries.flatMap((library) => library.parameters ?? []);

/** What the parameter `help` prints. */
export function parameterHelp(libraries: readonly MicroLibrary[]): string {
  const rows = allParameters(libraries).map(({ name, isList, help }) => [
    `${name}=${isList ? '[ ... ]' : '...'}`,
    help,
  ]);
  const width = Math.max(...rows.map(([form]) => form!.length));
  const lines = rows.map(([form, help]) => `  ${form!.padEnd(width)}  ${help}`);
  return ['Kernel parameters, before "--" on the command line:', ...lines, '  help', ''].join('\n');
}
