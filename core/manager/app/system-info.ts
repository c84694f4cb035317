/** Version, computer, and what is available here. */
import { readFileSync } from 'node:fs';
import { cpus, homedir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { SystemInfo } from '../../contract/api/app.ts';
import { projectRoot } from '../../host/examples.ts';
import { absentCalls } from '../api/not-yet.ts';
import type { ManagerApp } from './manager-app.ts';

export function version(): string {
  return (JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}

export async function systemInfo(app: ManagerApp): Promise<SystemInfo> {
  const isElectron = app.options.host === 'electron';
  return {
    version: version(),
    platform: process.platform,
    arch: process.arch,
    nodeVersion: process.versions.node,
    cpus: cpus().length,
    memoryBytes: totalmem(),
    dataFolder: app.home.path,
    homeFolder: homedir(),
    pid: process.pid,
    host: app.options.host,
    hasHostPrograms: process.platform === 'linux' && process.arch === 'x64',
    absentCalls: [...absentCalls],
    features: {
      hostTerminal: await app.terminals.feature(),
      networks: { isAvailable: true, reason: '' },
      updates: {
        isAvailable: isElectron,
        reason: isElectron ? '' : 'updates are those of the package that elfdeck was installed from',
      },
      uploads: { isAvailable: true, reason: '' },
    },
  };
}
