/** Managers of other processes: an instance that runs there is asked there, and streams are passed on. */
import { type ApiClient, connectApi } from '../../contract/client.ts';
import { VmError } from '../../contract/errors.ts';
import type { CallContext } from '../../contract/session.ts';
import type { ByteStream } from '../../contract/streams.ts';
import type { VmCallName } from '../../contract/vm-api.ts';
import { connectLocal } from '../local/socket-channel.ts';
import type { Home } from '../store/home.ts';

/** Calls that concern the running machine: they go to the process that has it. */
export const forwardedCalls: ReadonlySet<string> = new Set([
  'vm.pause',
  'vm.resume',
  'vm.stop',
  'vm.kill',
  'vm.restart',
  'vm.signal',
  'console.list',
  'console.attach',
  'console.resize',
  'console.clear',
  'console.end-input',
  'console.scrollback',
  'log.attach',
  'log.clear',
  'vm.missing-calls',
  'insight.statistics',
  'insight.syscalls',
  'history.samples',
  'overlay.changes',
] satisfies VmCallName[]);

export class Peers {
  private readonly home: Home;
  private readonly clients = new Map<number, ApiClient>();

  constructor(home: Home) {
    this.home = home;
  }

  private client(pid: number): ApiClient {
    const known = this.clients.get(pid);
    if (known !== undefined && known.connection !== 'lost') return known;
    const client = connectApi(() => connectLocal(this.home.socketOf(pid)), { retry: false });
    this.clients.set(pid, client);
    return client;
  }

  async forward(pid: number, name: string, params: unknown, context: CallContext): Promise<unknown> {
    const client = this.client(pid);
    let result: unknown;
    try {
      result = await client.call(name as VmCallName, params as never);
    } catch (error) {
      if (!(error instanceof VmError && error.code === 'connection.lost')) throw error;
      throw new VmError(
        'vm.in-use',
        `the instance runs in process ${pid}, which does not answer; end that process to end it`,
        { pid },
        error,
      );
    }
    if (typeof result !== 'object' || result === null || !('stream' in result)) return result;
    const ours = context.streams.create();
    join(client.openStream(Number(result.stream)), ours);
    return { ...result, stream: ours.id };
  }

  dispose(): void {
    for (const client of this.clients.values()) client.close();
  }
}

/** Each passes its bytes to the other, and its end. */
function join(a: ByteStream, b: ByteStream): void {
  a.consume((bytes) => b.write(bytes));
  b.consume((bytes) => a.write(bytes));
  void a.ended.then((error) => (error === undefined ? b.close() : b.abort(error)));
  void b.ended.then(() => a.abort());
}
