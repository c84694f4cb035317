/** Outside programs that some tests need: without them a test is skipped with the reason, or fails where CI installs them. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'vitest';

/** Path of a program in PATH, or undefined. */
export function findTool(name: string): string | undefined {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}

/**
 * Path of a program that the running test needs. When it is missing the test is skipped, or fails when
 * ELFDECK_REQUIRE_TOOLS=1 says that everything must be there.
 */
export function requireTool(context: TestContext, name: string): string {
  const path = findTool(name);
  if (path !== undefined) return path;
  const reason = `${name} is not installed`;
  if (process.env.ELFDECK_REQUIRE_TOOLS === '1') throw new Error(reason);
  return context.skip(reason);
}
