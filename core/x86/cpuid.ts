/**
 * CPUID of the emulated CPU: one list of features with their bits (SDM vol. 2, CPUID; AMD APM vol. 3, appendix E). Rows of
 * the instruction table name their feature, so CPUID, /proc/cpuinfo and #UD agree.
 */

/** Where a feature bit is: leaf, subleaf, register, bit. */
interface FeatureBit {
  /** Name as in /proc/cpuinfo. */
  name: string;
  leaf: number;
  register: 'eax' | 'ebx' | 'ecx' | 'edx';
  bit: number;
}

function bits(leaf: number, register: FeatureBit['register'], names: Record<string, number>): FeatureBit[] {
  return Object.entries(names).map(([name, bit]) => ({ name, leaf, register, bit }));
}

/** Features that every model has. */
export const features: readonly FeatureBit[] = [
  ...bits(1, 'edx', {
    fpu: 0,
    de: 2,
    tsc: 4,
    msr: 5,
    pae: 6,
    cx8: 8,
    sep: 11,
    pge: 13,
    cmov: 15,
    clflush: 19,
    mmx: 23,
    fxsr: 24,
    sse: 25,
    sse2: 26,
  }),
  ...bits(1, 'ecx', {
    pni: 0,
    pclmulqdq: 1,
    ssse3: 9,
    cx16: 13,
    sse4_1: 19,
    sse4_2: 20,
    movbe: 22,
    popcnt: 23,
    aes: 25,
    xsave: 26,
    osxsave: 27,
    rdrand: 30,
    hypervisor: 31,
  }),
  ...bits(7, 'ebx', { fsgsbase: 0, bmi1: 3, bmi2: 8, erms: 9, rdseed: 18, adx: 19, clflushopt: 23, sha_ni: 29 }),
  ...bits(7, 'ecx', { rdpid: 22 }),
  // Subleaf 1.
  ...bits(0xd, 'eax', { xsaveopt: 0, xsavec: 1 }),
  ...bits(0x80000001, 'ecx', { lahf_lm: 0, abm: 5, '3dnowprefetch': 8 }),
  ...bits(0x80000001, 'edx', { syscall: 11, nx: 20, rdtscp: 27, lm: 29 }),
];

/** Feature names as the rows of the instruction table use them, where they differ from /proc/cpuinfo. */
const featureAliases: Record<string, string> = { lzcnt: 'abm' };

/** What a CPU model offers. */
export interface CpuModel {
  readonly features: readonly FeatureBit[];
  /** State components that XSAVE knows: XCR0. */
  readonly components: number;
}

/** Level x86-64-v2 and more: what runs fastest here, because 256-bit vectors are done by halves. */
export const DEFAULT_CPU: CpuModel = { features, components: 3 };

/** With AVX2, FMA and half floats: level x86-64-v3. */
const MAX_CPU: CpuModel = {
  features: [...features, ...bits(1, 'ecx', { fma: 12, avx: 28, f16c: 29 }), ...bits(7, 'ebx', { avx2: 5 })],
  components: 7,
};

/** The model that a VM spec names. */
export function cpuModel(name: string): CpuModel {
  return name === 'max' || name === 'x86-64-v3' ? MAX_CPU : DEFAULT_CPU;
}

/** Whether a feature is there, by a row's name for it or by /proc/cpuinfo's. */
export function hasFeature(name: string, model = DEFAULT_CPU): boolean {
  const listed = featureName(name);
  return model.features.some((f) => f.name === listed);
}

/** /proc/cpuinfo's name of the feature that a row of the instruction table names. */
export function featureName(name: string): string {
  return featureAliases[name] ?? name;
}

export type CpuidResult = [eax: number, ebx: number, ecx: number, edx: number];

const VENDOR = 'ElfdeckTCG64'.slice(0, 12);
/** Programs such as OpenSSL and glibc choose code paths by vendor; a known one keeps them on tested paths. */
const VENDOR_COMPATIBLE = 'GenuineIntel';
export const BRAND = 'Elfdeck Virtual CPU';
const HIGHEST_LEAF = 0xd;
const HIGHEST_EXTENDED = 0x80000008;

function word(text: string, at: number): number {
  let value = 0;
  for (let i = 3; i >= 0; i--) value = (value << 8) | (text.charCodeAt(at + i) || 0);
  return value;
}

function featureWord(model: CpuModel, leaf: number, register: FeatureBit['register']): number {
  return model.features.reduce((sum, f) => (f.leaf === leaf && f.register === register ? sum | (1 << f.bit) : sum), 0);
}

/** Size in bytes of the XSAVE area for x87 and SSE: legacy region and header. */
export const XSAVE_SIZE = 576;
/** Size of the AVX component behind it. */
const AVX_SIZE = 256;

/** What CPUID answers for a leaf and subleaf. */
export function cpuid(leaf: number, subleaf: number, model = DEFAULT_CPU): CpuidResult {
  const word32 = (register: FeatureBit['register']): number => featureWord(model, leaf >>> 0, register);
  switch (leaf >>> 0) {
    case 0:
      return [HIGHEST_LEAF, word(VENDOR_COMPATIBLE, 0), word(VENDOR_COMPATIBLE, 8), word(VENDOR_COMPATIBLE, 4)];
    case 1:
      // Family 6, model 44, stepping 2: a level v2 CPU; CLFLUSH line of 64 bytes, one logical CPU.
      return [0x000206c2, 0x00010800, word32('ecx'), word32('edx')];
    case 2:
      return [0x00feff01, 0xf0, 0, 0];
    case 4:
      return cacheLeaf(subleaf);
    case 7:
      return subleaf === 0 ? [0, word32('ebx'), word32('ecx'), 0] : [0, 0, 0, 0];
    case 0xd:
      return xsaveLeaf(subleaf, model, word32('eax'));
    case 0x40000000:
      return [0x40000000, word(VENDOR, 0), word(VENDOR, 4), word(VENDOR, 8)];
    case 0x80000000:
      return [HIGHEST_EXTENDED | 0, 0, 0, 0];
    case 0x80000001:
      return [0, 0, word32('ecx'), word32('edx')];
    case 0x80000002:
    case 0x80000003:
    case 0x80000004: {
      const at = ((leaf & 0xf) - 2) * 16;
      return [word(BRAND, at), word(BRAND, at + 4), word(BRAND, at + 8), word(BRAND, at + 12)];
    }
    case 0x80000006:
      return [0, 0, 0x01006040, 0];
    case 0x80000008:
      // 40 physical, 48 linear address bits.
      return [0x3028, 0, 0, 0];
    default:
      return [0, 0, 0, 0];
  }
}

/** Components, sizes, and where the high halves of the YMM registers are (SDM vol. 1, 13.2). */
function xsaveLeaf(subleaf: number, { components }: CpuModel, eax: number): CpuidResult {
  const hasAvx = (components & 4) !== 0;
  const size = hasAvx ? XSAVE_SIZE + AVX_SIZE : XSAVE_SIZE;
  if (subleaf === 0) return [components, size, size, 0];
  if (subleaf === 1) return [eax, size, 0, 0];
  return subleaf === 2 && hasAvx ? [AVX_SIZE, XSAVE_SIZE, 0, 0] : [0, 0, 0, 0];
}

/** Deterministic cache parameters: what libc sizes its copy loops by. */
function cacheLeaf(subleaf: number): CpuidResult {
  const cache = (type: number, level: number, ways: number, sets: number): CpuidResult => [
    type | (level << 5) | (1 << 8),
    63 | ((ways - 1) << 22),
    sets - 1,
    0,
  ];
  switch (subleaf) {
    case 0:
      return cache(1, 1, 8, 64);
    case 1:
      return cache(2, 1, 8, 64);
    case 2:
      return cache(3, 2, 8, 512);
    case 3:
      return cache(3, 3, 16, 8192);
    default:
      return [0, 0, 0, 0];
  }
}
