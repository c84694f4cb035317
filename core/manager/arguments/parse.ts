/**
 * From a kernel command line to the form, with what is wrong at its place. What the machine would refuse is found by giving
 * each parameter to the micro-library that owns it, as the machine does at boot.
 */
import type { ArgumentsForm, LineError, ParsedLine } from '../../contract/api/arguments.ts';
import { VmError } from '../../contract/errors.ts';
import { CommandLineError, type Parameter, parseParameters, splitWords, type Word } from '../../image/cmdline.ts';
import type { Image } from '../../image/image.ts';
import { Kernel, type KernelHost } from '../../kernel/kernel.ts';
import { applyParameters } from '../../machine/apply-parameters.ts';
import { selectLibraries } from '../../machine/select-libraries.ts';

export const emptyForm = (): ArgumentsForm => ({
  program: [],
  env: [],
  workdir: '',
  mounts: [],
  netdevs: [],
  others: [],
});

export function parseLine(line: string, image: Image): ParsedLine {
  let words: Word[];
  let parameters: readonly Parameter[];
  try {
    words = splitWords(line);
    parameters = parseParameters(words.slice(0, Math.max(0, separatorOf(words)))).parameters;
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    const { position, message } = error;
    return { errors: [{ position, length: wordLength(line, position), message, severity: 'error' }] };
  }
  const form = emptyForm();
  form.program = words.slice(separatorOf(words) + 1).map((word) => word.text);
  for (const parameter of parameters) addParameter(form, parameter);
  takeWorkdir(form);
  return { form, errors: [...parameterErrors(line, parameters, image), ...doubts(line, words)] };
}

const separatorOf = (words: readonly Word[]): number => words.findIndex((word) => word.text === '--' && !word.isQuoted);

const wordLength = (line: string, position: number): number => Math.max(1, line.slice(position).search(/\s|$/));

function addParameter(form: ArgumentsForm, { name, values, isList }: Parameter): void {
  const texts = values.map((value) => value.text);
  if (name === 'env.vars') form.env.push(...texts.map(environmentEntry));
  else if (name === 'vfs.fstab') form.mounts.push(...texts.map(mountEntry));
  else if (name === 'netdev.ip') form.netdevs.push(...texts.map(netdevEntry));
  else form.others.push({ name, values: texts, isList });
}

function environmentEntry(text: string): { name: string; value: string } {
  const equals = text.indexOf('=');
  return equals === -1 ? { name: text, value: '' } : { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

function mountEntry(text: string): ArgumentsForm['mounts'][number] {
  const [device = '', path = '', fs = '', flags = '', options = '', ...ukOptions] = text.split(':');
  return { device, path, fs, flags, options, ukOptions: ukOptions.join(':') };
}

function netdevEntry(text: string): ArgumentsForm['netdevs'][number] {
  const [cidr = '', gateway = '', dns0 = '', dns1 = '', hostname = '', ...domain] = text.split(':');
  return { cidr, gateway, dns0, dns1, hostname, domain: domain.join(':') };
}

/** PWD is a field of its own: the last one counts. */
function takeWorkdir(form: ArgumentsForm): void {
  const last = form.env.findLast(({ name }) => name === 'PWD');
  form.workdir = last?.value ?? '';
  form.env = form.env.filter(({ name }) => name !== 'PWD');
}

function parameterErrors(line: string, parameters: readonly Parameter[], image: Image): LineError[] {
  const libraries = selectLibraries(image);
  return parameters.flatMap((parameter) => {
    // A kernel of its own for each: what one changes must not hide what is wrong with another.
    const kernel = new Kernel({ hostname: 'unikraft' } as KernelHost, libraries);
    try {
      applyParameters(kernel, { parameters: [{ parameter, where: 'of the line' }], hasHelp: false, program: [] });
      return [];
    } catch (error) {
      if (!(error instanceof VmError)) throw error;
      const position = Number(error.details.position ?? parameter.position);
      const message = error.message.replace(/^malformed kernel parameter at position \d+ of the line: /, '');
      return [{ position, length: wordLength(line, position), message, severity: 'error' as const }];
    }
  });
}

/** What can be read but is hardly meant. */
function doubts(line: string, words: readonly Word[]): LineError[] {
  const separator = separatorOf(words);
  const warn = (word: Word, message: string): LineError[] => [
    { position: word.position, length: wordLength(line, word.position), message, severity: 'warning' },
  ];
  const first = words[0];
  if (separator === -1 && first !== undefined && /^[a-z]\w*\.\w+=/.test(first.text) && !first.isQuoted)
    return warn(first, 'without "--" all words are the program and its arguments; put "--" after the parameters');
  if (separator !== -1 && separator === words.length - 1) return warn(words[separator]!, 'no program follows "--"');
  return [];
}
