import { describe, expect, it } from 'vitest';
import { CommandLineError, parseCommandLine, quoteWord, splitWords } from '../../../../core/image/cmdline.ts';

describe('kernel command line', () => {
  it('separates parameters from the program at "--"', () => {
    const line = parseCommandLine('netdev.ip=172.44.0.2/24:172.44.0.1 -- /bin/ls -l "my file"');
    expect(line.parameters.map((p) => [p.name, p.values.map((v) => v.text)])).toEqual([
      ['netdev.ip', ['172.44.0.2/24:172.44.0.1']],
    ]);
    expect(line.program).toEqual(['/bin/ls', '-l', 'my file']);
  });

  it('takes all words as the program without "--"', () => {
    expect(parseCommandLine('/bin/echo env.vars=[ a ]')).toEqual({
      parameters: [],
      hasHelp: false,
      program: ['/bin/echo', 'env.vars=[', 'a', ']'],
    });
  });

  it('reads lists whose items are quoted', () => {
    const line = parseCommandLine(`env.vars=[ LD_LIBRARY_PATH=/lib "GREETING=hello world" ']' ] help --`);
    expect(line.parameters[0]!.values.map((v) => v.text)).toEqual([
      'LD_LIBRARY_PATH=/lib',
      'GREETING=hello world',
      ']',
    ]);
    expect(line.hasHelp).toBe(true);
    expect(line.program).toEqual([]);
  });

  it.each([
    ['a=1 bogus -- x', 4],
    ['  env.vars=[ A=b -- x', 2],
    ['a="b -- x', 2],
  ])('says where %j is malformed', (text, position) => {
    expect(() => parseCommandLine(text)).toThrow(expect.objectContaining({ name: CommandLineError.name, position }));
  });

  it.each(['', 'a b', `it's`, '"', `a"b'c d`, '--'])('quotes %j so that it is one word again', (word) => {
    expect(splitWords(quoteWord(word)).map((w) => w.text)).toEqual([word]);
  });
});
