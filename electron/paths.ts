/** Where the shell finds its parts, and the address of its pages. */
import { join } from 'node:path';
import { projectRoot } from '../core/host/examples.ts';

/** Pages have an origin of their own, so that rules for it don't hold for files of the disk. */
export const SCHEME = 'elfdeck-app';
export const ORIGIN = `${SCHEME}://window`;
/** Links from outside: `elfdeck://vm/NAME`, `elfdeck://catalog/APP`, `elfdeck://import?url=...` */
export const LINK_SCHEME = 'elfdeck';

const built = (): string => join(projectRoot(), 'build/out');
export const rendererFolder = (): string => join(built(), 'renderer');
export const preloadFile = (): string => join(built(), 'electron-preload.cjs');
export const iconFile = (): string => join(projectRoot(), 'build/icons/icon.png');
