/**
 * What an instance's worker thread does: it waits for `instance.start`, boots the machine, and runs it until it ends, serving
 * requests in between. Whatever is thrown in here ends this instance with a report; the process lives on.
 */

import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type Request, serve } from '../contract/contract.ts';
import { toErrorData, VmError, type VmErrorData } from '../contract/errors.ts';
import type { VmSpec } from '../contract/vm-spec.ts';
import { type Ending, workerApi } from '../contract/worker-protocol.ts';
import { loadImage } from '../machine/load-image.ts';
import { createMachine, type Machine } from '../machine/machine.ts';
import type { MachineHost } from '../machine/machine-host.ts';
import { BUILD } from '../machine/release.ts';
import { Station } from '../net/station.ts';
import { userCache } from './disk-cache.ts';
import type { WorkerInput } from './entry.ts';
import { FileMapFolder } from './file-map-folder.ts';
import { gunzip } from './gunzip.ts';
import { openHostFolder } from './host-folder.ts';
import { nodeImageFiles } from './image-files.ts';
import { type CaptureFile, capture } from './net/capture-file.ts';
import { RingConsole } from './ring-console.ts';
import { ControlWords, HostClock, HostRandom, hostReason, kindOf, readHostFile } from './services.ts';
import { warmUp } from './warm-up.ts';

/** For who loads this: what is to be done before the supervisor hears of the end. */
export const hooks = { beforeEnd(): void {} };

const { channel, handlers, isSpare } = workerData as WorkerInput;
const { port } = channel;
const clock = new HostClock();
const control = new ControlWords(channel.control, clock);

let spec: VmSpec | undefined;
let console: RingConsole | undefined;
let machine: Machine | undefined;
let station: Station | undefined;
/** What was said of networks before the cards were: others may join while this machine still does. */
const beforeCards: ((station: Station) => void)[] = [];

let keptOverlay: Uint8Array | undefined;
let keepsOverlay = false;

let isPaused = false;
/** Requests that came while the machine was being made. */
const early: Request[] = [];

const running = (): Machine => {
  if (machine === undefined) throw new VmError('instance.not-running', 'the machine has not booted yet');
  return machine;
};

function withStation(use: (station: Station) => void): null {
  if (station === undefined) beforeCards.push(use);
  else use(station);
  return null;
}

const answer = serve(workerApi, {
  'instance.start': (given) => {
    spec = given;
    return null;
  },
  'network.set-up': ({ config, wires }) => {
    station = new Station(config, channel.control);
    station.pollsOften = true;
    for (const wire of wires) station.attach(wire);
    for (const use of beforeCards.splice(0)) use(station);
    station.onAddresses = (card, addresses) => {
      const list = addresses.map(({ address }) => address);
      port.postMessage({ event: 'network.addressed', payload: { card, addresses: list } });
    };
    return null;
  },
  'network.attach': (wire) => {
    return withStation((own) => own.attach(wire));
  },
  'network.detach': ({ id }) => {
    return withStation((own) => own.detach(id));
  },
  'network.figures': () => running().networkFigures(),
  'network.impair': ({ faults }) => {
    return withStation((own) => own.impair(faults));
  },
  'network.capture': ({ path }) => {
    if (station === undefined) throw new VmError('net.not-found', 'the machine has no network card to capture from');
    setCapture(station, path ?? undefined);
    return null;
  },
  'network.readdress': ({ id, addresses }) => {
    return withStation((own) => own.readdress(id, addresses));
  },
  'overlay.keep': ({ archive }) => {
    keptOverlay = archive ?? undefined;
    keepsOverlay = true;
    return null;
  },
  'overlay.export': () => running().overlayArchive() ?? null,
  'instance.pause': () => {
    isPaused = true;
    return null;
  },
  'instance.resume': () => {
    isPaused = false;
    return null;
  },
  'instance.signal': ({ signal }) => {
    running().signal(signal);
    return null;
  },
  'instance.resize': (size) => {
    if (console !== undefined) console.size = size;
    machine?.resized();
    return null;
  },
  'instance.statistics': () => running().statistics(),
});

let captureFile: CaptureFile | undefined;

/** Begins a capture, in place of the one before, or ends it. */
function setCapture(of: Station, path: string | undefined): void {
  for (const card of of.cards) card.tap = undefined;
  captureFile?.close();
  captureFile = path === undefined ? undefined : capture(of, path);
}

/** Answers every request that waits on the port. */
function serveRequests(): void {
  control.clearRequest();
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    port.postMessage(answer(next.message as Request));
  }
}

/** Sleeps until the deadline, a wake-up, or the time of a packet that faults hold back. */
const idle = (deadlineNs: number): void => {
  const dueInMs = station === undefined ? Number.POSITIVE_INFINITY : station.dueInMs;
  control.idle(Math.min(deadlineNs, clock.monotonicNs() + dueInMs * 1e6));
};

function hostOf(device: RingConsole, given: Pick<VmSpec, 'cache'>): MachineHost {
  return {
    clock,
    random: new HostRandom().fill,
    console: device,
    kernelMessage: (text) => device.writeKernel(text),
    straceLine: (line) => device.writeStrace(line),
    hasRequest: control.hasRequest,
    idle,
    kindOf,
    openFolder(path, isReadOnly) {
      try {
        return openHostFolder(path, { readOnly: isReadOnly });
      } catch (error) {
        throw new VmError('host.file', `cannot open the folder ${path}: ${hostReason(error)}`, { path }, error);
      }
    },
    openFiles: (files) => new FileMapFolder(files),
    readFile: readHostFile,
    transport: station,
    overlay: keptOverlay,
    commonHandlers: handlers,
    cache: given.cache === false || BUILD === undefined ? undefined : userCache(BUILD),
    gunzip,
  };
}

function withOverlay(ending: Ending, of: Machine): Ending {
  const overlay = of.overlayArchive();
  return overlay === undefined ? ending : { ...ending, overlay };
}

async function runInstance(given: VmSpec): Promise<Ending> {
  console = new RingConsole(channel, given.terminal, (event) => port.postMessage(event), control.isClosed);
  if (given.capture !== undefined && station !== undefined) setCapture(station, given.capture);
  const image = await loadImage(given.image, nodeImageFiles);
  machine = createMachine({ spec: given, image }, hostOf(console, given));
  for (const request of early.splice(0)) port.postMessage(answer(request));
  for (;;) {
    while (isPaused) {
      station?.flush();
      control.idle(Number.POSITIVE_INFINITY);
      serveRequests();
    }
    const ending = machine.run();
    if (ending !== undefined) return keepsOverlay ? withOverlay(ending, machine) : ending;
    serveRequests();
  }
}

/** The worker boundary: our own bugs and a used-up host memory become the instance's ending. */
function failure(error: unknown): VmErrorData {
  const data = toErrorData(error);
  const isMemory = error instanceof RangeError && /memory|allocation/i.test(error.message);
  return isMemory
    ? {
        ...data,
        code: 'instance.out-of-memory',
        message: `the host has no memory left for the instance: ${data.message}`,
      }
    : data;
}

port.on('message', async (request: Request) => {
  if (spec !== undefined) {
    early.push(request);
    return;
  }
  port.postMessage(answer(request));
  if (spec === undefined) return;
  let ending: Ending;
  try {
    ending = await runInstance(spec);
  } catch (error) {
    ending = { error: failure(error) };
  }
  station?.leave();
  captureFile?.close();
  // A supervisor that has nothing else to do exits at once, and the thread with it.
  hooks.beforeEnd();
  // The port stays open and keeps the thread: its end must not overtake the message. The supervisor terminates it.
  port.postMessage({ event: 'instance.ended', payload: ending });
});

// A start that comes meanwhile is a request, which ends the warm-up.
if (isSpare) {
  const device = new RingConsole(channel, undefined, () => {}, control.isClosed);
  void warmUp(hostOf(device, { cache: false }));
}
