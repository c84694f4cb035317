/** What the CPU that cases run on has: rows of features that it lacks can't be compared with it. */
import { execFileSync } from 'node:child_process';
import { cpuModel, featureName } from '../../../core/x86/cpuid.ts';
import type { Encoding } from '../../../core/x86/notation.ts';

const REGISTERS = ['eax', 'ebx', 'ecx', 'edx'];

/** Features of which the CPU is useless without the operating system, which has to save the wide registers. */
const NEEDS_AVX_STATE = new Set(['avx', 'avx2', 'fma', 'f16c']);

/** Names of the features, as /proc/cpuinfo spells them, that the runner found with CPUID. */
export function hostFeatures(runner: string): Set<string> {
  const lines = execFileSync(runner, ['--cpuid'], { encoding: 'utf8' }).trim().split('\n');
  const savesAvx = lines.pop() === 'avx 1';
  const words = new Map<string, number>();
  for (const line of lines) {
    const [leaf, ...values] = line.split(' ').map(Number);
    values.forEach((value, i) => {
      words.set(`${leaf} ${REGISTERS[i]}`, value);
    });
  }
  const isThere = ({ leaf, register, bit, name }: (typeof known)[number]): boolean =>
    (((words.get(`${leaf} ${register}`) ?? 0) >>> bit) & 1) === 1 && (savesAvx || !NEEDS_AVX_STATE.has(name));
  const known = cpuModel('max').features;
  return new Set(known.filter(isThere).map((f) => f.name));
}

/** The feature of a row that is not among those of the CPU. */
export function missingFeature(row: Encoding, host: ReadonlySet<string>): string | undefined {
  if (row.cpuid === undefined || host.has(featureName(row.cpuid))) return undefined;
  return row.cpuid;
}
