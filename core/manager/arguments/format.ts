/** From the form to a kernel command line: read again it gives the same form. */
import type { ArgumentsForm } from '../../contract/api/arguments.ts';
import { quoteWord } from '../../image/cmdline.ts';

export interface FormattedLine {
  line: string;
  errors: { field: string; message: string }[];
}

export function formatForm(form: ArgumentsForm): FormattedLine {
  const environment = form.env.map(({ name, value }) => `${name}=${value}`);
  if (form.workdir !== '') environment.push(`PWD=${form.workdir}`);
  const parameters = [
    ...list('netdev.ip', form.netdevs.map(netdevText)),
    ...list('vfs.fstab', form.mounts.map(mountText)),
    ...list('env.vars', environment),
    ...form.others.map(otherText),
  ];
  const program = form.program.map(quoteWord);
  // Without parameters no separator is needed, unless an argument looks like one.
  const needsSeparator = parameters.length > 0 || form.program.includes('--');
  const line = [...parameters, ...(needsSeparator ? ['--'] : []), ...program].join(' ');
  return { line, errors: formErrors(form) };
}

const list = (name: string, values: string[]): string[] =>
  values.length === 0 ? [] : [`${name}=[ ${values.map(quoteListWord).join(' ')} ]`];

/** A lone bracket would end the list. */
const quoteListWord = (word: string): string => (word === ']' ? '"]"' : quoteWord(word));

function otherText({ name, values, isList }: ArgumentsForm['others'][number]): string {
  return isList ? `${name}=[ ${values.map(quoteListWord).join(' ')} ]` : `${name}=${quoteWord(values[0] ?? '')}`;
}

/** Empty parts at the end are left out. */
const colons = (parts: string[], least: number): string =>
  parts.slice(0, Math.max(least, parts.findLastIndex((part) => part !== '') + 1)).join(':');

function mountText({ device, path, fs, flags, options, ukOptions }: ArgumentsForm['mounts'][number]): string {
  return colons([device, path, fs, flags, options, ukOptions], 3);
}

function netdevText({ cidr, gateway, dns0, dns1, hostname, domain }: ArgumentsForm['netdevs'][number]): string {
  return colons([cidr, gateway, dns0, dns1, hostname, domain], 1);
}

/** What no line can say. */
function formErrors(form: ArgumentsForm): FormattedLine['errors'] {
  const errors: FormattedLine['errors'] = [];
  const check = (field: string, isWrong: boolean, message: string): void => {
    if (isWrong) errors.push({ field, message });
  };
  for (const [i, { name }] of form.env.entries()) {
    check(`env.${i}.name`, name === '' || name.includes('='), 'a name is needed, without "="');
  }
  for (const [i, mount] of form.mounts.entries()) {
    const parts = [mount.device, mount.path, mount.fs, mount.flags, mount.options];
    check(
      `mounts.${i}`,
      parts.some((part) => part.includes(':')),
      'a part of a mount can\'t hold ":"',
    );
    check(`mounts.${i}.path`, !mount.path.startsWith('/'), 'a path must begin with "/"');
  }
  for (const [i, netdev] of form.netdevs.entries()) {
    check(
      `netdevs.${i}`,
      Object.values(netdev).some((part) => part.includes(':')),
      'a part of an address can\'t hold ":"',
    );
  }
  for (const [i, { name, values, isList }] of form.others.entries()) {
    check(`others.${i}.name`, !/^[^\s=[\]"']+$/.test(name), 'a name is needed, without blanks, "=" and quotes');
    check(`others.${i}`, !isList && values.length !== 1, 'one value is needed');
  }
  return errors;
}
