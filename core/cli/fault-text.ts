/**
 * Faults on purpose as people write them: words joined by commas,
 * `[to=PEER,][net=NETWORK,][in|out,]latency=50ms,jitter=10ms,loss=1%,rate=10mbit,partition,seed=7`.
 */
import { VmError } from '../contract/errors.ts';
import type { FaultRule } from '../contract/vm-spec.ts';
import { parsePeer } from '../net/fault-plan.ts';

type Word = (value: string) => Partial<FaultRule> | undefined;

function parseMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s)?$/.exec(text);
  const ms = match === null ? Number.NaN : Number(match[1]) * { us: 0.001, ms: 1, s: 1000 }[match[2] ?? 'ms']!;
  return ms <= MAX_MS ? ms : undefined;
}
const MAX_MS = 60_000;

/** `10mbit` and its like count bits, `1MB` bytes, per second. */
function parseRate(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(k|m|g)?(bit|bps|b)?(?:\/s)?$/i.exec(text);
  if (match === null) return undefined;
  const factor = { k: 1e3, m: 1e6, g: 1e9 }[(match[2] ?? '').toLowerCase()] ?? 1;
  const isBits = (match[3] ?? 'b').toLowerCase() !== 'b';
  const bytes = Math.floor((Number(match[1]) * factor) / (isBits ? 8 : 1));
  return bytes >= 1 ? bytes : undefined;
}

function parsePercent(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)%?$/.exec(text);
  const percent = match === null ? Number.NaN : Number(match[1]);
  return percent <= 100 ? percent : undefined;
}

const given = <K extends keyof FaultRule>(name: K, value: FaultRule[K] | undefined): Partial<FaultRule> | undefined =>
  value === undefined ? undefined : { [name]: value };

const words: Readonly<Record<string, Word>> = {
  latency: (value) => given('latencyMs', parseMs(value)),
  jitter: (value) => given('jitterMs', parseMs(value)),
  loss: (value) => given('lossPercent', parsePercent(value)),
  rate: (value) => given('bytesPerSecond', parseRate(value)),
  seed: (value) => given('seed', /^\d{1,9}$/.test(value) ? Number(value) : undefined),
  to: (value) => given('peer', parsePeer(value) === undefined ? undefined : value),
  net: (value) => given('network', value === '' ? undefined : value),
};
const flags: Readonly<Record<string, Partial<FaultRule>>> = {
  in: { direction: 'in' },
  out: { direction: 'out' },
  partition: { isPartitioned: true },
};

export function parseFaults(text: string): FaultRule {
  const rule: FaultRule = {};
  for (const word of text.split(',')) {
    const [name = '', value] = word.split(/=(.*)/s);
    const part = value === undefined ? flags[name] : words[name]?.(value);
    if (part === undefined) {
      const message = `faults ${text}: "${word}" means nothing; write for example latency=50ms,jitter=5ms,loss=1%,rate=10mbit or partition, after to=NAME, net=NETWORK, in or out if it is for a part only`;
      throw new VmError('net.malformed', message, { text });
    }
    Object.assign(rule, part);
  }
  return rule;
}

export function formatFaults(rule: FaultRule): string {
  const { network, peer, direction, latencyMs, jitterMs, lossPercent, bytesPerSecond, isPartitioned, seed } = rule;
  return [
    network === undefined ? [] : `net=${network}`,
    peer === undefined ? [] : `to=${peer}`,
    direction ?? [],
    latencyMs === undefined ? [] : `latency=${latencyMs}ms`,
    jitterMs === undefined ? [] : `jitter=${jitterMs}ms`,
    lossPercent === undefined ? [] : `loss=${lossPercent}%`,
    bytesPerSecond === undefined ? [] : `rate=${bytesPerSecond}B`,
    isPartitioned ? 'partition' : [],
    seed === undefined ? [] : `seed=${seed}`,
  ]
    .flat()
    .join(',');
}
