/**
 * One machine: address space, engine, kernel and devices put together and booted from a spec. Everything runs
 * synchronously on the thread that calls `run`, which returns when the program has ended or the host has a request.
 */
import { utf8ToStr } from '../base/bytes.ts';
import { VmError } from '../contract/errors.ts';
import type { VmSpec } from '../contract/vm-spec.ts';
import type { Ending, ProfileRow, ProgramExit, Statistics } from '../contract/worker-protocol.ts';
import type { SharedClocks } from '../dev/clock.ts';
import { bannerText } from '../image/banner.ts';
import type { Image } from '../image/image.ts';
import { cpuModel, disassembleBytes } from '../interp/create.ts';
import { createTieredEngine } from '../jit/create.ts';
import { Kernel } from '../kernel/kernel.ts';
import { libraries, libraryOptions } from '../kernel/lib/index.ts';
import { networkFigures } from '../kernel/lib/lwip/lib.ts';
import { overlayArchive } from '../kernel/lib/overlay/lib.ts';
import { clocks } from '../kernel/lib/posix-time/clocks.ts';
import { posixTime } from '../kernel/lib/posix-time/lib.ts';
import { consoleResized } from '../kernel/lib/posix-tty/lib.ts';
import { fromKernel, sendToGroup } from '../kernel/lib/uksignal/send.ts';
import { Mm } from '../kernel/mm/mm.ts';
import type { Process } from '../kernel/process.ts';
import { Scheduler } from '../kernel/sched/scheduler.ts';
import { Strace } from '../kernel/syscall/strace.ts';
import { filterClasses, parseSyscallFilter, unknownFilterItems } from '../kernel/syscall/strace-filter.ts';
import { SyscallTable } from '../kernel/syscall/table.ts';
import { AddressSpace } from '../mem/address-space.ts';
import type { NetworkFigures } from '../net/figures.ts';
import type { Engine } from '../vcpu/engine.ts';
import { applyParameters, type BootLine, parameterHelp, readBootLine } from './apply-parameters.ts';
import { consoleForeground } from './console-signals.ts';
import { createFirstProcess, setUser, setWorkdir, startProgram } from './first-process.ts';
import { readInitrd } from './initrd.ts';
import { KernelLog } from './kernel-log.ts';
import type { MachineHost } from './machine-host.ts';
import { mountAll, rootOverlay } from './mounts.ts';
import { Profile } from './profile.ts';
import { RELEASE } from './release.ts';
import { selectLibraries } from './select-libraries.ts';
import { collectStatistics } from './statistics.ts';

export interface MachineConfig {
  spec: VmSpec;
  image: Image;
}

const MIB = 1024 * 1024;

/** Builds and boots. Throws VmError when the spec can't be run; what the guest does wrong later is in the ending. */
export function createMachine({ spec, image }: MachineConfig, host: MachineHost): Machine {
  const machine = new Machine(spec, image, host);
  machine.boot();
  return machine;
}

export class Machine {
  readonly kernel: Kernel;
  private readonly spec: VmSpec;
  private readonly image: Image;
  private readonly host: MachineHost;
  private readonly log: KernelLog;
  private readonly bootNs: number;
  private readonly mm: Mm;
  /** Time spent running, without sleep. */
  private busyNs = 0;
  /** False when only the kernel's help was asked for. */
  private hasProgram = true;

  constructor(spec: VmSpec, image: Image, host: MachineHost) {
    this.spec = spec;
    this.image = image;
    this.host = host;
    this.bootNs = host.clock.monotonicNs();
    this.log = new KernelLog(spec.isQuiet ? 'crit' : image.logLevel, host.clock, (text) => host.kernelMessage(text));
    this.kernel = new Kernel(this.kernelHost(), selectLibraries(image));
    this.kernel.syscalls = new SyscallTable(this.kernel.libraries);
    this.kernel.scheduler = new Scheduler(this.kernel);
    const { clock, random, commonHandlers, cache } = host;
    const timestampNs = (): number => clock.monotonicNs() - this.bootNs;
    this.mm = new Mm(new AddressSpace(spec.memoryMiB * MIB), (space) =>
      createTieredEngine(space, {
        timestampNs,
        random,
        clocks: this.sharedClocks(),
        cpu: cpuModel(spec.cpu),
        common: commonHandlers,
        cache,
        jit: spec.jit,
      }),
    );
  }

  /** What the vDSO may read by itself: the clocks of posix-time, where the image has that. */
  private sharedClocks(): SharedClocks | undefined {
    return this.kernel.libraries.includes(posixTime) ? clocks(this.kernel) : undefined;
  }

  private kernelHost() {
    const { clock, random, console, hasRequest, transport } = this.host;
    const idle = (deadlineNs: number): void => {
      const startNs = clock.monotonicNs();
      this.host.idle(deadlineNs);
      this.busyNs -= clock.monotonicNs() - startNs;
    };
    const memoryBytes = this.spec.memoryMiB * MIB;
    const disassemble = disassembleBytes;
    return {
      clock,
      random,
      console,
      hasRequest,
      idle,
      memoryBytes,
      hostname: 'unikraft',
      cpu: cpuModel(this.spec.cpu),
      logger: this.log,
      disassemble,
      transport,
    };
  }

  /** What runs the guest's code. */
  get engine(): Engine {
    return this.mm.engine;
  }

  /**
   * From nothing to a program that is about to run its first instruction. The banner is shown of a machine that has come
   * up: what cannot be run ends in one line alone.
   */
  boot(): void {
    const { log, spec, image } = this;
    let first = '';
    log.hold();
    try {
      const line = readBootLine(spec);
      this.hasProgram = !line.hasHelp;
      if (this.hasProgram) this.bringUp(line);
      if (!spec.isQuiet) first += bannerText(image.banner, RELEASE);
      if (line.hasHelp) first += parameterHelp(this.kernel.libraries);
    } finally {
      log.release(first);
    }
  }

  private bringUp(line: BootLine): void {
    const { kernel, spec, image, host } = this;
    this.reportUnknownOptions();
    for (const library of kernel.libraries) library.init?.(kernel);
    this.setEnvironment(image.environment);
    applyParameters(kernel, line);
    this.setEnvironment(spec.env);
    const initrd = readInitrd(spec, host);
    mountAll(kernel, spec, image, host, initrd);
    const task = createFirstProcess(kernel, this.mm);
    if (spec.user !== undefined) setUser(task, spec.user);
    setWorkdir(task, spec, image);
    this.traceCalls();
    const words = this.programWords(line.program, initrd?.kind === 'elf');
    if (spec.profile) this.profile(task.process);
    this.engine.begin(JSON.stringify([spec.cpu, spec.rootfs ?? spec.initrd ?? '', words[0]]));
    startProgram(task, words, image, initrd?.kind === 'elf' ? initrd.bytes : undefined);
    kernel.scheduler.add(task);
  }

  private reportUnknownOptions(): void {
    const unknown = this.image.unknownOptions(libraryOptions);
    if (unknown.length === 0) return;
    const names = unknown.map((name) => `CONFIG_${name}`).join(', ');
    this.log.log('error', 'ukboot', `the image "${this.image.name}" has options that mean nothing here: ${names}`);
  }

  private setEnvironment(entries: readonly string[]): void {
    for (const entry of entries) {
      const equals = entry.indexOf('=');
      this.kernel.environment.set(utf8ToStr(entry.slice(0, equals)), utf8ToStr(entry.slice(equals + 1)));
    }
  }

  /** argv: the words given, else those of the image. A program that is the initrd gets the initrd's name before them. */
  private programWords(given: readonly string[], isInitrd: boolean): string[] {
    const words = given.length > 0 ? [...given] : [...this.image.cmd];
    const { initrd } = this.spec;
    if (isInitrd && initrd !== undefined) words.unshift(initrd.slice(initrd.lastIndexOf('/') + 1));
    if (!this.image.isSet('APPELFLOADER_CUSTOMAPPNAME') && !isInitrd)
      words.unshift(this.image.text('APPELFLOADER_VFSEXEC_PATH'));
    if (words.length === 0)
      throw new VmError('cli.usage', 'no program to run: neither the command line nor the image names one');
    return words;
  }

  private traceCalls(): void {
    const { spec, image, host } = this;
    if (spec.strace === undefined && !image.isSet('LIBSYSCALL_SHIM_STRACE')) return;
    const filter = spec.strace?.filter ?? '';
    checkFilter(filter);
    this.kernel.scheduler.dispatcher.trace = new Strace((text) => host.straceLine(text), {
      format: spec.strace?.format ?? 'text',
      filter: parseSyscallFilter(filter),
      isColoured: image.isSet('LIBSYSCALL_SHIM_STRACE_ANSI_COLOR'),
      printType: image.isSet('LIBSYSCALL_SHIM_STRACE_PRINT_TYPE'),
    });
  }

  /** Runs until the program has ended (then the ending is returned) or the host has a request (then nothing). */
  run(): Ending | undefined {
    if (!this.hasProgram) return {};
    const startNs = this.host.clock.monotonicNs();
    const outcome = this.kernel.scheduler.run();
    this.busyNs += this.host.clock.monotonicNs() - startNs;
    if (outcome === 'request') return undefined;
    this.engine.end();
    const exit: ProgramExit = this.kernel.scheduler.end!;
    const report = this.log.reports.join('\n');
    const ending: Ending = { exit, statistics: this.statistics(), ...(report === '' ? {} : { report }) };
    return this.profileRows === undefined ? ending : { ...ending, profile: this.profileRows() };
  }
  private profileRows: (() => ProfileRow[]) | undefined;
  private profile(process: Process): void {
    const profile = new Profile();
    this.engine.onSample = (ip, instructions) => profile.add(ip, instructions);
    this.profileRows = () => profile.rows(process);
  }

  /** Changes of the root's overlay, if it is one. */
  overlayArchive(): Uint8Array<ArrayBuffer> | undefined {
    const fs = rootOverlay(this.kernel);
    return fs === undefined ? undefined : overlayArchive(fs);
  }

  statistics(): Statistics {
    return collectStatistics(this.kernel, this.mm, { bootNs: this.bootNs, cpuTimeNs: this.busyNs });
  }

  /** Cards and sockets. */
  networkFigures(): NetworkFigures {
    return networkFigures(this.kernel);
  }

  /** A signal from outside: to the foreground of the terminal, or to the first process. */
  signal(signal: number): void {
    sendToGroup(this.kernel, consoleForeground(this.kernel), signal, fromKernel);
  }

  /** The console device has another size. */
  resized(): void {
    consoleResized(this.kernel);
  }
}

function checkFilter(filter: string): void {
  const [unknown] = unknownFilterItems(
    filter,
    libraries.map(({ name }) => name),
  );
  if (unknown === undefined) return;
  const message = `strace filter: "${unknown}" is no system call, micro-library or class (${filterClasses.join(', ')})`;
  throw new VmError('cli.usage', message, { filter });
}
