import { describe, expect, it } from 'vitest';
import { bytesToStr } from '../../../../../../core/base/bytes.ts';
import { posixSysinfo } from '../../../../../../core/kernel/lib/posix-sysinfo/lib.ts';
import { DATA, ScriptedMachine } from '../../../../../support/scripted-machine.ts';

const UNAME = 63;
const SYSINFO = 99;
const SETHOSTNAME = 170;

describe('system information', () => {
  it('has the names of the system, the host name as it was set', () => {
    const machine = new ScriptedMachine([posixSysinfo]);
    const { memory } = machine.task;
    memory.writeBytes(DATA, new TextEncoder().encode('büro'));
    expect(machine.call(SETHOSTNAME, DATA, 5)).toBe(0);
    expect(machine.call(UNAME, DATA)).toBe(0);
    const fields = [0, 1, 2, 3, 4, 5].map((i) => bytesToStr(memory.readBytes(DATA + i * 65, 65)).replace(/\0+$/, ''));
    expect(fields).toEqual([
      'Linux',
      'b\xc3\xbcro',
      expect.stringMatching(/^6\.\d+\.\d+-elfdeck$/),
      expect.stringMatching(/^#1 SMP/),
      'x86_64',
      '(none)',
    ]);
  });

  it('lets only root change the host name', () => {
    const machine = new ScriptedMachine([posixSysinfo]);
    expect(machine.call(SETHOSTNAME, DATA, 65)).toBe(-22);
    machine.process.credentials.setAll(1000, 1000);
    expect(machine.call(SETHOSTNAME, DATA, 3)).toBe(-1);
  });

  it('has uptime, load, memory and tasks', () => {
    const machine = new ScriptedMachine([posixSysinfo]);
    machine.addTask();
    const { memory } = machine.task;
    memory.setU8(DATA, 1);
    machine.push(() => {
      machine.nowNs += 60e9;
      return 4;
    });
    expect(machine.call(SYSINFO, DATA)).toBe(0);
    const load = memory.getLong(DATA + 8) / 65536;
    expect([
      memory.getLong(DATA),
      load > 0.6 && load < 0.65,
      memory.getLong(DATA + 32),
      memory.getLong(DATA + 40) < memory.getLong(DATA + 32),
      memory.getU16(DATA + 80),
      memory.getU32(DATA + 104),
    ]).toEqual([61, true, 64 * 1024 * 1024, true, 2, 1]);
  });
});
