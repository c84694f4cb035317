/** Runs the manager with a web server, as `elfdeck serve` does. A second one of the same data folder asks the first for an address. */
import { join } from 'node:path';
import { projectRoot } from '../host/examples.ts';
import { ManagerApp } from '../manager/app/manager-app.ts';
import { connectRunningApp } from '../manager/app/running-app.ts';
import { WebServer } from './web-server.ts';

export interface ServeOptions {
  port: number;
  home?: string;
  quit(): void;
}

export interface Served {
  url: string;
  /** Undefined when another process serves. */
  app: ManagerApp | undefined;
  close(): Promise<void>;
}

export async function serve({ port, home, quit }: ServeOptions): Promise<Served> {
  let server: WebServer | undefined;
  const app = new ManagerApp({
    host: 'serve',
    ...(home === undefined ? {} : { home }),
    activate: async () => (server === undefined ? {} : { url: server.createUrl() }),
    quit,
  });
  const other = app.claimApp();
  if (other !== undefined) {
    await app.dispose();
    return { url: await urlOfRunning(app, other), app: undefined, close: async () => {} };
  }
  server = new WebServer({
    port,
    renderer: join(projectRoot(), 'build/out/renderer'),
    connect: (channel) => app.connect(channel),
  });
  try {
    await server.listen();
    await app.listen();
  } catch (error) {
    await app.dispose();
    throw error;
  }
  app.begin();
  void app.vms.autostart();
  const close = async (): Promise<void> => {
    await server.close();
    await app.dispose();
  };
  return { url: server.createUrl(), app, close };
}

/** Empty when the running app has windows of its own, which it has brought to the front. */
async function urlOfRunning(app: ManagerApp, pid: number): Promise<string> {
  const client = await connectRunningApp(app.home);
  const { url } = (await client?.call('app.activate', {})) ?? {};
  client?.close();
  return url ?? `(the app with process ${pid} was brought to the front)`;
}
