/** Image files of the host. */
import { readFileSync } from 'node:fs';
import { VmError } from '../contract/errors.ts';
import type { ImageFiles } from '../machine/load-image.ts';
import { hostReason, kindOf } from './services.ts';

export const nodeImageFiles: ImageFiles = {
  readText(path) {
    if (kindOf(path) !== 'file') return undefined;
    try {
      return readFileSync(path, 'latin1');
    } catch (error) {
      throw new VmError('image.not-found', `cannot read the image ${path}: ${hostReason(error)}`, { path }, error);
    }
  },
};
