/** An image: the elfloader kernel built with a set of options. Here the options become what the machine does. */
import type { LogLevel } from '../base/logger.ts';
import type { KconfigValues } from './kconfig.ts';
import {
  callsByOption,
  imageOptions,
  libraryDefaults,
  type OptionValue,
  optionAliases,
  optionsWithoutEffect,
} from './options.ts';
import { stockImages } from './stock.ts';

export type BannerKind = 'full' | 'minimal' | 'none';
export type RootKind = '9pfs' | 'initrd' | 'ramfs' | 'none';

const defaults: ReadonlyMap<string, OptionValue> = new Map(imageOptions.map((o) => [o.name, o.default]));

export class Image {
  readonly name: string;
  /** As given by its source, in order. */
  readonly options: ReadonlyMap<string, OptionValue>;
  /** Program, arguments and environment that a Kraftfile gives. */
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  private readonly values = new Map<string, OptionValue>();

  constructor(name: string, options: KconfigValues, cmd: readonly string[] = [], env: readonly string[] = []) {
    this.name = name;
    this.options = options;
    this.cmd = cmd;
    this.env = env;
    for (const [option, value] of options) {
      for (const known of optionAliases[option] ?? []) this.values.set(known, value);
    }
    for (const [option, value] of options) this.values.set(option, value);
  }

  static stock(name: string): Image | undefined {
    const found = stockImages.find((image) => image.name === name);
    return found && new Image(name, new Map(Object.entries(found.options)));
  }

  /** Value of an option of the table, its default when the image does not set it. */
  private get(option: string): OptionValue {
    return this.values.get(option) ?? defaults.get(option) ?? false;
  }
  isSet(option: string): boolean {
    return this.get(option) === true;
  }
  text(option: string): string {
    return String(this.get(option));
  }
  number(option: string): number {
    return Number(this.get(option));
  }

  /** Whether the micro-library with this option is part of the image. */
  hasLibrary(option: string): boolean {
    return (this.values.get(option) ?? libraryDefaults[option] ?? true) !== false;
  }
  /** Whether a call of a present library exists: some need an option of their own. */
  hasCall(name: string): boolean {
    return Object.entries(callsByOption).every(([option, calls]) => this.isSet(option) || !calls.includes(name));
  }

  /** Options of the source that mean nothing here, given those that select micro-libraries. */
  unknownOptions(libraryOptions: ReadonlySet<string>): string[] {
    const isKnown = (name: string): boolean =>
      defaults.has(name) ||
      name in optionAliases ||
      name in libraryDefaults ||
      optionsWithoutEffect.has(name) ||
      libraryOptions.has(name);
    return [...this.options.keys()].filter((name) => !isKnown(name));
  }

  get root(): RootKind {
    if (!this.isSet('LIBVFSCORE_AUTOMOUNT_ROOTFS')) return 'none';
    if (this.isSet('LIBVFSCORE_ROOTFS_9PFS')) return '9pfs';
    if (this.isSet('LIBVFSCORE_ROOTFS_INITRD')) return 'initrd';
    return this.isSet('LIBVFSCORE_ROOTFS_RAMFS') ? 'ramfs' : 'none';
  }
  get banner(): BannerKind {
    if (this.isSet('LIBUKBOOT_BANNER_NONE')) return 'none';
    return this.isSet('LIBUKBOOT_BANNER_MINIMAL') ? 'minimal' : 'full';
  }
  /** Lowest level of kernel messages that shows. */
  get logLevel(): LogLevel {
    if (this.isSet('LIBUKDEBUG_PRINTD')) return 'debug';
    if (!this.isSet('LIBUKDEBUG_PRINTK') || this.isSet('LIBUKDEBUG_PRINTK_CRIT')) return 'crit';
    if (this.isSet('LIBUKDEBUG_PRINTK_INFO')) return 'info';
    return this.isSet('LIBUKDEBUG_PRINTK_WARN') ? 'warn' : 'error';
  }
  /** K=V, in order. */
  get environment(): string[] {
    const builtin = Array.from({ length: 16 }, (_, i) => this.text(`LIBPOSIX_ENVIRON_ENVP${i}`)).filter((v) =>
      v.includes('='),
    );
    return [...builtin, ...this.env];
  }
}
