// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest';
import { setLanguage } from '../../renderer/i18n.ts';
import { errorText, managerText } from '../../renderer/manager-texts/manager-texts.ts';

afterEach(() => setLanguage('en'));

describe('texts of the manager', () => {
  it('are shown as they are in English', () => {
    expect([managerText('unpacking'), errorText({ code: 'vm.not-found', message: 'there is none' })]).toEqual([
      'unpacking',
      'there is none',
    ]);
  });
  it('are translated whole, with the names in them, or sentence by sentence', async () => {
    await setLanguage('zh-CN');
    expect([
      managerText('unpacking'),
      managerText('The root file system begins empty, in RAM. There is no boot banner.'),
      errorText({ code: 'vm.wrong-state', message: 'the instance "web $1" is not running' }),
    ]).toEqual(['正在解包', '根文件系统在内存中，初始为空。启动时没有横幅。', '实例“web $1”未在运行']);
  });
  it('keep what has no translation, behind the name of its error', async () => {
    await setLanguage('zh-CN');
    expect([
      managerText('something new'),
      errorText({ code: 'host.file', message: 'cannot write /x: no space' }),
      errorText({ code: 'constructor', message: 'of a newer manager' }),
    ]).toEqual(['something new', '无法使用本机文件：cannot write /x: no space', 'of a newer manager']);
  });
});
