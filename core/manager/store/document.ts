/**
 * JSON documents of the store: a version and a value that a schema checks. An older version is migrated step by step when it is
 * read, and written in the new form at the next change. What is broken or of a newer elfdeck is reported and never written over.
 */
import type * as z from 'zod/mini';
import { validate } from '../../contract/contract.ts';
import { VmError } from '../../contract/errors.ts';
import { hostReason } from '../../host/services.ts';
import { readText, writeFileAtomic } from './atomic.ts';

/** From one version to the next. */
export type Migration = (value: Record<string, unknown>) => Record<string, unknown>;

export class DocumentKind<S extends z.core.$ZodType> {
  /** What it is called in messages. */
  private readonly what: string;
  private readonly schema: S;
  /** The first brings version 1 to 2. */
  private readonly migrations: readonly Migration[];
  private readonly complete: Migration;

  /** `complete` fills in what later versions of elfdeck have added with a default. */
  constructor(what: string, schema: S, migrations: readonly Migration[] = [], complete: Migration = (value) => value) {
    this.what = what;
    this.schema = schema;
    this.migrations = migrations;
    this.complete = complete;
  }

  get version(): number {
    return this.migrations.length + 1;
  }

  /** Undefined when there is no such file. Throws VmError `store.broken` or `store.newer`. */
  read(path: string): z.infer<S> | undefined {
    let text: string | undefined;
    try {
      text = readText(path);
    } catch (error) {
      throw this.broken(path, hostReason(error), error);
    }
    return text === undefined ? undefined : this.parse(text, path);
  }

  /** `path` is for messages. */
  parse(text: string, path: string): z.infer<S> {
    let root: unknown;
    try {
      root = JSON.parse(text);
    } catch (error) {
      throw this.broken(path, 'it is no JSON', error);
    }
    if (typeof root !== 'object' || root === null || Array.isArray(root))
      throw this.broken(path, 'it is no JSON object');
    const { version, ...value } = root as Record<string, unknown>;
    if (typeof version !== 'number' || !Number.isInteger(version) || version < 1)
      throw this.broken(path, 'it has no version');
    if (version > this.version) {
      const message = `${this.what} ${path} is of a newer elfdeck (version ${version}, this one knows ${this.version}); update elfdeck`;
      throw new VmError('store.newer', message, { path, version });
    }
    const current = this.migrations.slice(version - 1).reduce((old, migrate) => migrate(old), value);
    try {
      return validate(this.schema, this.complete(current), 'its content');
    } catch (error) {
      throw this.broken(path, error instanceof Error ? error.message : String(error), error);
    }
  }

  format(value: z.infer<S>): string {
    return `${JSON.stringify({ version: this.version, ...(value as object) }, null, 2)}\n`;
  }

  write(path: string, value: z.infer<S>): void {
    try {
      writeFileAtomic(path, this.format(value));
    } catch (error) {
      throw new VmError('host.file', `cannot write ${path}: ${hostReason(error)}`, { path }, error);
    }
  }

  private broken(path: string, reason: string, cause?: unknown): VmError {
    const message = `${this.what} ${path} can't be read: ${reason}; mend or remove it by hand`;
    return new VmError('store.broken', message, { path }, cause);
  }
}
