/** Options as POSIX getopts reads them: `-abc`, `-o VALUE`, `-oVALUE`, `--`. For the forms that Unikraft's scripts accept. */
import { VmError } from '../contract/errors.ts';

export interface Parsed {
  options: { letter: string; value: string }[];
  rest: string[];
}

/** `letters` as for getopts: a letter with `:` takes a value. */
export function getopts(command: string, letters: string, words: readonly string[]): Parsed {
  const options: Parsed['options'] = [];
  let i = 0;
  for (; i < words.length && words[i]!.startsWith('-') && words[i] !== '-'; i++) {
    const word = words[i]!;
    if (word === '--') {
      i++;
      break;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      const known = letters.indexOf(letter);
      if (known === -1 || letter === ':')
        throw new VmError('cli.usage', `${command}: there is no option -${letter}; see ${command} -h`);
      if (letters[known + 1] !== ':') options.push({ letter, value: '' });
      else {
        const value = at + 1 < word.length ? word.slice(at + 1) : words[++i];
        if (value === undefined) throw new VmError('cli.usage', `${command}: the option -${letter} needs a value`);
        options.push({ letter, value });
        break;
      }
    }
  }
  return { options, rest: words.slice(i) };
}
