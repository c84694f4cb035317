/** Images: sets of build options, and what they mean. */
import * as z from 'zod/mini';
import { call, event, Nothing } from '../contract.ts';

export const OptionValueSchema = z.union([z.boolean(), z.number(), z.string()]);
export const OptionValues = z.record(z.string().check(z.regex(/^[A-Z0-9_]+$/)), OptionValueSchema);
export type OptionValues = z.infer<typeof OptionValues>;

export interface ImageInfo {
  name: string;
  kind: 'stock' | 'own';
  summary: string;
  /** A paragraph for people: what its options do together. */
  explanation: string;
  /** As the image sets them. */
  options: OptionValues;
  root: '9pfs' | 'initrd' | 'ramfs' | 'none';
  banner: 'full' | 'minimal' | 'none';
  logLevel: string;
  hasStrace: boolean;
  environment: string[];
  libraries: string[];
  leftOut: string[];
  unknownOptions: string[];
  usedBy: string[];
}

/** A node of the options tree; menus have children, options a type. */
export interface OptionNode {
  /** Without CONFIG_; of menus, a path of their own. */
  name: string;
  title: string;
  help: string;
  type: 'menu' | 'bool' | 'int' | 'string' | 'choice';
  default?: boolean | number | string;
  /** Options that must be y for this one to mean anything. */
  dependsOn: string[];
  /** Of micro-libraries: what they own. */
  library?: string;
  systemCalls?: string[];
  /** Has no effect here, and why. */
  noEffect?: string;
  children: OptionNode[];
}

export interface OptionProblem {
  option: string;
  message: string;
}

export interface ImageComparison {
  options: { name: string; a: string; b: string; help: string }[];
  librariesOnlyA: string[];
  librariesOnlyB: string[];
  callsOnlyA: string[];
  callsOnlyB: string[];
}

/** The image with just what a recorded run used. */
export interface Specialisation {
  options: OptionValues;
  libraries: { name: string; isKept: boolean; why: string }[];
  calls: { name: string; count: number; library: string }[];
  callsBefore: number;
  callsAfter: number;
}

const ImageRef = z.object({ image: z.string() });
export const ImageName = z
  .string()
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'a name has 1 to 63 letters, digits, ".", "_" or "-"'));

export const imageCalls = {
  'image.list': call<ImageInfo[]>()('List the images', Nothing),
  'image.get': call<ImageInfo>()('Explain an image', ImageRef),
  'image.options': call<OptionNode[]>()('Show the tree of options', Nothing),
  'image.check': call<OptionProblem[]>()('Check options against each other', z.object({ options: OptionValues })),
  'image.save': call<ImageInfo>()(
    'Create an image, or change one of your own',
    z.object({ name: ImageName, options: OptionValues, isNew: z.optional(z.boolean()) }),
  ),
  'image.remove': call<null>()('Remove an image of your own', ImageRef),
  'image.import': call<ImageInfo>()(
    'Make an image from the text of a defconfig or Kraftfile',
    z.object({ name: ImageName, text: z.string() }),
  ),
  'image.export': call<{ fileName: string; text: string }>()('Write an image as a defconfig', ImageRef),
  'image.compare': call<ImageComparison>()('Compare two images', z.object({ a: z.string(), b: z.string() })),
  'image.specialise': call<Specialisation>()(
    'Propose the image with just what the last run of an instance used',
    z.object({ vm: z.string() }),
  ),
  'image.changed': event<null>('The list of images changed'),
} as const;
