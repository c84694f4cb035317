import { describe, expect, it } from 'vitest';
import { linkAmong, parseDeepLink } from '../../../electron/deep-links.ts';

describe('deep links', () => {
  it('lead to places in the window', () => {
    expect(parseDeepLink('elfdeck://vm/web')).toEqual({ command: 'vm', argument: 'web' });
    expect(parseDeepLink('elfdeck://catalog/public:lang/python')).toEqual({
      command: 'catalog',
      argument: 'public:lang/python',
    });
    expect(linkAmong(['/usr/bin/elfdeck', '--flag', 'elfdeck://settings'])).toEqual({
      command: 'settings',
      argument: '',
    });
  });

  it('never climb out of their kind: what is left of a path is a name', () => {
    expect(parseDeepLink('elfdeck://vm/../../etc')).toEqual({ command: 'vm', argument: 'etc' });
  });

  it('are nothing when they are not of our making', () => {
    const hostile = [
      'https://example.com',
      'elfdeck://run/rm',
      'elfdeck://vm/%2e%2e%2fx',
      'elfdeck://vm/%ff',
      'elfdeck:vm',
      'elfdeck://vm/<script>',
    ];
    expect(hostile.map(parseDeepLink)).toEqual(hostile.map(() => undefined));
  });
});
