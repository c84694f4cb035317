/**
 * Region formation: which guest code is translated together. From a hot address on, everything that tier 0 has met
 * (decoded, so executed or at least fallen past) and that direct jumps reach, up to a size; calls end a block and go on
 * at their return address. What is left out becomes an exit.
 *
 * A region is entered at its first block and wherever else code is wanted that it has (core/jit/entries.ts).
 */
import type { Insn } from '../x86/decoder.ts';

/** What region formation asks of the engine. */
export interface CodeSource {
  /** Decodes the instruction at a guest address; the answer is reused by the next call. */
  decode(ip: number): Insn | undefined;
  /** Instructions whose rare cases are not rare: their helper is called inside the region. */
  readonly exactSites: ReadonlySet<number>;
  /** Whether exits must find flags that the program itself no longer reads: only a debugger or a signal handler could. */
  readonly exactFlags: boolean;
  /** True when tier 0 has a record for the address. */
  isKnown(ip: number): boolean;
}

/** A basic block of guest code. */
export interface GuestBlock {
  readonly ip: number;
  /** Addresses of its instructions. */
  readonly insns: readonly number[];
  /** One past its last byte. */
  readonly end: number;
  /** How it ends: by itself at the next block, with a branch of some kind, or with what tier 0 must do. */
  readonly ending: Ending;
}

export type Ending =
  | { kind: 'fall' }
  | { kind: 'jump'; target: number }
  | { kind: 'branch'; taken: number }
  | { kind: 'call'; target: number }
  | { kind: 'callIndirect' }
  | { kind: 'return' }
  | { kind: 'jumpIndirect' }
  | { kind: 'exit' }
  /** The instruction at `end` is left to tier 0. */
  | { kind: 'leave' };

interface Step {
  length: number;
  ending: Ending | undefined;
}

/** Instructions whose semantics change how the engine itself runs, or that are not worth it. */
const LEFT_TO_TIER_0 = /^(popf|enter|iret|hlt|int|int1|int3|into|ud[012]|in|out|ins[bwd]?|outs[bwd]?|cli|sti)$/;

function stepOf(insn: Insn, ip: number): Step {
  const { mnemonic, endsBlock } = insn.enc.insn;
  const { length } = insn;
  const target = (ip + length + insn.immLow) >>> 0;
  const isDirect = insn.enc.operands[0]?.addressing === 'J';
  if (LEFT_TO_TIER_0.test(mnemonic)) return { length, ending: { kind: 'leave' } };
  if (mnemonic === 'call') return { length, ending: isDirect ? { kind: 'call', target } : { kind: 'callIndirect' } };
  if (mnemonic === 'jmp') return { length, ending: isDirect ? { kind: 'jump', target } : { kind: 'jumpIndirect' } };
  if (mnemonic === 'ret') return { length, ending: { kind: 'return' } };
  if (isDirect) return { length, ending: { kind: 'branch', taken: target } };
  if (mnemonic === 'syscall') return { length, ending: { kind: 'exit' } };
  return { length, ending: endsBlock ? { kind: 'leave' } : undefined };
}

export interface Region {
  /** Addresses where it begins. */
  readonly roots: readonly number[];
  readonly blocks: ReadonlyMap<number, GuestBlock>;
}

/**
 * Forms the region that begins at `roots`, without the instructions `left` to tier 0; undefined when the very first can't be
 * translated. Blocks begin where entries are wanted.
 */
export function formRegion(
  roots: readonly number[],
  isWanted: (ip: number) => boolean,
  source: CodeSource,
  maxInsns: number,
  left: ReadonlySet<number>,
): Region | undefined {
  const steps = new Map<number, Step>();
  const leaders = new Set(roots);
  const queue = [...roots];
  const follow = (ip: number): void => {
    if (leaders.has(ip)) return;
    if (steps.has(ip) || (steps.size < maxInsns && source.isKnown(ip))) {
      leaders.add(ip);
      queue.push(ip);
    }
  };
  for (let i = 0; i < queue.length; i++) {
    for (let ip = queue[i]!; steps.size < maxInsns && !steps.has(ip); ) {
      const insn = left.has(ip) ? undefined : source.decode(ip);
      if (insn === undefined) {
        steps.set(ip, { length: 0, ending: { kind: 'leave' } });
        break;
      }
      const step = stepOf(insn, ip);
      steps.set(ip, step);
      ip += step.length;
      if (step.ending === undefined) {
        if (isWanted(ip)) leaders.add(ip);
        continue;
      }
      const { kind } = step.ending;
      if (kind === 'jump') follow(step.ending.target);
      else if (kind === 'branch') {
        follow(ip);
        follow(step.ending.taken);
      } else if (kind === 'call' || kind === 'callIndirect') follow(ip);
      break;
    }
  }
  const blocks = new Map<number, GuestBlock>();
  for (const ip of leaders) {
    const block = steps.has(ip) ? blockAt(ip, steps, leaders) : undefined;
    if (block) blocks.set(ip, block);
  }
  const begun = roots.filter((ip) => blocks.get(ip)?.insns.length);
  return begun[0] === roots[0] ? { roots: begun, blocks } : undefined;
}

function blockAt(ip: number, steps: ReadonlyMap<number, Step>, leaders: ReadonlySet<number>): GuestBlock {
  const insns: number[] = [];
  for (let at = ip; ; ) {
    const step = steps.get(at);
    if (step === undefined || (at !== ip && leaders.has(at))) return { ip, insns, end: at, ending: { kind: 'fall' } };
    if (step.ending?.kind === 'leave') return { ip, insns, end: at, ending: step.ending };
    insns.push(at);
    at += step.length;
    if (step.ending) return { ip, insns, end: at, ending: step.ending };
  }
}

/** The code at `ip` up to the first branch, or so many instructions. */
export function straightLine(ip: number, source: CodeSource, maxInsns: number): GuestBlock {
  const insns: number[] = [];
  let at = ip;
  while (insns.length < maxInsns) {
    const insn = source.decode(at);
    const step = insn && stepOf(insn, at);
    if (step === undefined || step.ending) break;
    insns.push(at);
    at += step.length;
  }
  return { ip, insns, end: at, ending: { kind: 'fall' } };
}

/** Addresses where control may go on inside the region, in the order taken, not taken. */
export function successors({ end, ending }: GuestBlock): number[] {
  switch (ending.kind) {
    case 'fall':
    case 'call':
    case 'callIndirect':
      return [end];
    case 'jump':
      return [ending.target];
    case 'branch':
      return [ending.taken, end];
    default:
      return [];
  }
}
