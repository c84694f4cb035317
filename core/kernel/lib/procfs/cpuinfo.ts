/** /proc/cpuinfo: what CPUID of the emulated CPU says, in Linux's words. */
import { BRAND, cpuid, DEFAULT_CPU } from '../../../x86/cpuid.ts';
import type { Kernel } from '../../kernel.ts';

/** Family and model as CPUID leaf 1 packs them (SDM vol. 2, CPUID, figure 3-6). */
function signature(): { family: number; model: number; stepping: number; apicId: number; clflush: number } {
  const [eax, ebx] = cpuid(1, 0);
  const baseFamily = (eax >>> 8) & 0xf;
  const family = baseFamily === 0xf ? baseFamily + ((eax >>> 20) & 0xff) : baseFamily;
  const hasExtendedModel = baseFamily === 6 || baseFamily === 0xf;
  const model = ((eax >>> 4) & 0xf) | (hasExtendedModel ? ((eax >>> 16) & 0xf) << 4 : 0);
  return { family, model, stepping: eax & 0xf, apicId: ebx >>> 24, clflush: ((ebx >>> 8) & 0xff) * 8 };
}

/** Twelve letters in EBX, EDX, ECX of leaf 0. */
function vendor(): string {
  const [, ebx, ecx, edx] = cpuid(0, 0);
  const bytes = new Uint8Array(Int32Array.of(ebx, edx, ecx).buffer);
  return String.fromCharCode(...bytes);
}

export interface Cache {
  level: number;
  /** As sysfs names it. */
  type: 'Data' | 'Instruction' | 'Unified';
  lineBytes: number;
  ways: number;
  sets: number;
  sizeKiB: number;
}

/** The caches that leaf 4 lists. */
export function caches(): Cache[] {
  const list: Cache[] = [];
  for (let subleaf = 0; ; subleaf++) {
    const [eax, ebx, ecx] = cpuid(4, subleaf);
    const type = ([undefined, 'Data', 'Instruction', 'Unified'] as const)[eax & 0x1f];
    if (type === undefined) return list;
    const lineBytes = (ebx & 0xfff) + 1;
    const ways = (ebx >>> 22) + 1;
    const sets = ecx + 1;
    list.push({ level: (eax >>> 5) & 7, type, lineBytes, ways, sets, sizeKiB: (lineBytes * ways * sets) / 1024 });
  }
}

export function cpuinfo({ host }: Kernel): string {
  const { features } = host.cpu ?? DEFAULT_CPU;
  const { family, model, stepping, apicId, clflush } = signature();
  const [highestLeaf] = cpuid(0, 0);
  const [addressBits] = cpuid(0x8000_0008, 0);
  const lastCache = caches().at(-1);
  const lines: [name: string, value: string | number][] = [
    ['processor', 0],
    ['vendor_id', vendor()],
    ['cpu family', family],
    ['model', model],
    ['model name', BRAND],
    ['stepping', stepping],
    ['cache size', `${lastCache?.sizeKiB ?? 0} KB`],
    ['physical id', 0],
    ['siblings', 1],
    ['core id', 0],
    ['cpu cores', 1],
    ['apicid', apicId],
    ['initial apicid', apicId],
    ['fpu', 'yes'],
    ['fpu_exception', 'yes'],
    ['cpuid level', highestLeaf],
    ['wp', 'yes'],
    ['flags', features.map(({ name }) => name).join(' ')],
    ['bugs', ''],
    ['clflush size', clflush],
    ['cache_alignment', clflush],
    ['address sizes', `${addressBits & 0xff} bits physical, ${(addressBits >>> 8) & 0xff} bits virtual`],
    ['power management', ''],
  ];
  return `${lines.map(([name, value]) => `${name}${tabs(name)}: ${value}`.trimEnd()).join('\n')}\n\n`;
}

/** Tabs up to column 16. */
function tabs(name: string): string {
  return '\t'.repeat(Math.max(0, 2 - Math.floor(name.length / 8)));
}
