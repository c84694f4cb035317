/** The app that runs for a data folder, as other processes find it. */
import { type ApiClient, connectApi } from '../../contract/client.ts';
import { connectLocal } from '../local/socket-channel.ts';
import { Home } from '../store/home.ts';
import { lockHolder } from '../store/lock.ts';

/** A client of it, connected; undefined when none runs. Close it after use. */
export async function connectRunningApp(home: Home = Home.open()): Promise<ApiClient | undefined> {
  const holder = lockHolder(home.locks, 'app');
  if (holder === undefined) return undefined;
  const channel = await connectLocal(home.socketOf(holder.pid));
  return connectApi(async () => channel, { retry: false });
}
