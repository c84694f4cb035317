/** Kernel arguments: the raw line and the form, each made from the other, and what the guest will see. */
import * as z from 'zod/mini';
import { call, Nothing } from '../contract.ts';
import { VmSpecInput } from './vm.ts';

/** `[ dev:path:fs[:flags[:opts[:ukopts]]] ]` of vfs.fstab. */
export const MountEntry = z.object({
  device: z.string(),
  path: z.string(),
  fs: z.string(),
  flags: z.string(),
  options: z.string(),
  ukOptions: z.string(),
});
/** `cidr[:gw[:dns0[:dns1[:hostname[:domain]]]]]` of netdev.ip. */
export const NetdevEntry = z.object({
  cidr: z.string(),
  gateway: z.string(),
  dns0: z.string(),
  dns1: z.string(),
  hostname: z.string(),
  domain: z.string(),
});
export const OtherParameter = z.object({ name: z.string(), values: z.array(z.string()), isList: z.boolean() });

/** The form. `workdir` is PWD of the environment, which the image takes for its working directory. */
export const ArgumentsForm = z.object({
  /** Program and arguments. */
  program: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string() })),
  workdir: z.string(),
  mounts: z.array(MountEntry),
  netdevs: z.array(NetdevEntry),
  others: z.array(OtherParameter),
});
export type ArgumentsForm = z.infer<typeof ArgumentsForm>;

export interface LineError {
  /** Of the first character, from 0, and how many it concerns. */
  position: number;
  length: number;
  message: string;
  /** `warning`: the line can be read, but the image would refuse or ignore it. */
  severity: 'error' | 'warning';
}

/** `form` is missing when the line can't be read at all. */
export interface ParsedLine {
  form?: ArgumentsForm;
  errors: LineError[];
}

/** What the guest finds on its first stack. */
export interface GuestPreview {
  commandLine: string;
  argv: string[];
  envp: string[];
  auxv: { name: string; value: string; meaning: string }[];
  workdir: string;
  problems: string[];
}

export interface ParameterInfo {
  name: string;
  isList: boolean;
  help: string;
  library: string;
}

export interface ArgumentsPreset {
  name: string;
  line: string;
  isBuiltIn: boolean;
}

export const argumentsCalls = {
  'arguments.parse': call<ParsedLine>()(
    'Read a kernel command line',
    z.object({ line: z.string(), image: z.optional(z.string()) }),
  ),
  'arguments.format': call<{ line: string; errors: { field: string; message: string }[] }>()(
    'Write a kernel command line',
    z.object({ form: ArgumentsForm }),
  ),
  'arguments.read-env': call<{ env: ArgumentsForm['env']; errors: LineError[] }>()(
    'Read the text of an .env file',
    z.object({ text: z.string() }),
  ),
  'arguments.preview': call<GuestPreview>()(
    'Show argv, envp and auxv as the guest will',
    z.object({ spec: VmSpecInput }),
  ),
  'arguments.parameters': call<ParameterInfo[]>()(
    'List the kernel parameters of an image',
    z.object({ image: z.optional(z.string()) }),
  ),
  'arguments.history': call<{ line: string; at: number }[]>()(
    'List command lines used before, latest first',
    z.object({ vm: z.optional(z.string()) }),
  ),
  'arguments.presets': call<ArgumentsPreset[]>()('List saved command lines', Nothing),
  'arguments.save-preset': call<null>()(
    'Save a command line under a name',
    z.object({ name: z.string().check(z.minLength(1)), line: z.string() }),
  ),
  'arguments.remove-preset': call<null>()('Forget a saved command line', z.object({ name: z.string() })),
} as const;
