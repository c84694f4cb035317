import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const require = createRequire(join(root, 'node_modules/app-builder-lib/package.json'));

describe('electron-builder configuration', () => {
  const config = JSON.parse(readFileSync(join(root, 'build/electron-builder.json'), 'utf8')) as Record<string, unknown>;

  it("fits the packager's schema", () => {
    const Ajv = require('ajv');
    const schema = JSON.parse(readFileSync(join(root, 'node_modules/app-builder-lib/scheme.json'), 'utf8'));
    const ajv = new (Ajv.default ?? Ajv)({ strict: false, allErrors: true, validateFormats: false });
    const validate = ajv.compile(schema);
    const { $schema: _, ...rest } = config;
    expect([validate(rest), validate.errors]).toEqual([true, null]);
  });

  it('has an icon that is large enough for every system', () => {
    const png = readFileSync(join(root, 'build/icons/icon.png'));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1024, 1024]);
  });

  it('makes a package for each system and sets the fuses', () => {
    expect(config).toMatchObject({
      mac: { target: ['dmg'] },
      win: { target: ['nsis'] },
      linux: { target: ['AppImage', 'deb', 'rpm'] },
      files: expect.arrayContaining(['build/icons/*']),
      electronFuses: { runAsNode: false, enableNodeOptionsEnvironmentVariable: false, onlyLoadAppFromAsar: true },
    });
  });
});
