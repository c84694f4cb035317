/** The command line's client of a manager: of the app that runs, else of one in this process for as long as the command takes. */
import { type ApiClient, connectApi } from '../contract/client.ts';
import { ManagerApp } from '../manager/app/manager-app.ts';
import { connectRunningApp } from '../manager/app/running-app.ts';
import { channelPair } from '../manager/local/pair.ts';

export interface ManagerClient {
  api: ApiClient;
  /** True when what is started lives on after the command. */
  isApp: boolean;
}

export async function withManager<T>(use: (client: ManagerClient) => Promise<T>): Promise<T> {
  const running = await connectRunningApp();
  if (running !== undefined) {
    try {
      return await use({ api: running, isApp: true });
    } finally {
      running.close();
    }
  }
  const app = new ManagerApp({ host: 'cli' });
  const pair = channelPair();
  app.connect(pair.server);
  const api = connectApi(async () => pair.client, { retry: false });
  try {
    // Others find what this process runs.
    await app.listen();
    return await use({ api, isApp: false });
  } finally {
    await app.dispose();
    api.close();
  }
}
