import { describe, expect, it } from 'vitest';
import { vmSpec } from '../../../../../core/contract/vm-spec.ts';
import { Image } from '../../../../../core/image/image.ts';
import { readEnvFile } from '../../../../../core/manager/arguments/env-file.ts';
import { formatForm } from '../../../../../core/manager/arguments/format.ts';
import { parseLine } from '../../../../../core/manager/arguments/parse.ts';
import { previewGuest } from '../../../../../core/manager/arguments/preview.ts';

const image = Image.stock('qemu-x86_64-9pfs')!;

describe('kernel arguments', () => {
  it.each([
    '/bin/sh -c "a b"',
    'env.vars=[ A=1 "GREETING=hello world" PWD=/srv ] -- /bin/app',
    'netdev.ip=[ 172.44.0.2/24:172.44.0.1::8.8.8.8 ] vfs.fstab=[ fs1:/data:9pfs:::mkmp ] -- /bin/app --',
    'vfs.rootfs=9pfs -- /bin/app "]" \'say "hi"\'',
    '',
  ])('are the same after form and line: %s', (line) => {
    const { form } = parseLine(line, image);
    const again = formatForm(form!);
    expect(again.errors).toEqual([]);
    expect(parseLine(again.line, image).form).toEqual(form);
  });

  it('are wrong at a position', () => {
    const where = (line: string) => parseLine(line, image).errors.map(({ position, severity }) => [position, severity]);
    expect(where('env.vars=[ A=1 nothing ] -- x')).toEqual([[15, 'error']]);
    expect(where('no.such=1 vfs.fstab=[ fs1:data:9pfs ] -- x')).toEqual([
      [0, 'error'],
      [22, 'error'],
    ]);
    expect(where('echo "open')).toEqual([[5, 'error']]);
    expect(where('env.vars=[ A=1 /bin/sh')).toEqual([[0, 'warning']]);
    expect(where('env.vars=[ A=1 -- /bin/sh')).toEqual([[0, 'error']]);
  });

  it('become what the guest will see', () => {
    const spec = vmSpec({
      program: ['/bin/app', 'x'],
      kernelArgs: ['env.vars=[ A=1 ]'],
      env: ['A=2', 'B=3'],
      workdir: '/srv',
    });
    const preview = previewGuest(spec, image);
    expect(preview.argv).toEqual(['/bin/app', 'x']);
    expect(preview.envp.slice(1)).toEqual(['HOME=/', 'A=2', 'B=3', 'PWD=/srv']);
    expect([preview.workdir, preview.problems]).toEqual(['/srv', []]);
    expect(previewGuest(vmSpec({ program: [], kernelArgs: ['bad'] }), image).problems.length).toBe(2);
  });

  it('are read from the text of an .env file', () => {
    const text = '# comment\nexport A=1 # one\nB="two\\n"\nC=\'$x\'\n\nnot a line\nD=';
    expect(readEnvFile(text)).toEqual({
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: 'two\n' },
        { name: 'C', value: '$x' },
        { name: 'D', value: '' },
      ],
      errors: [{ position: 45, length: 10, message: 'expected NAME=value', severity: 'error' }],
    });
  });
});
