/** The images: those that are built in, and the user's own, each a defconfig file in the data folder. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageInfo, OptionValues } from '../../contract/api/image.ts';
import { VmError } from '../../contract/errors.ts';
import { nodeImageFiles } from '../../host/image-files.ts';
import { Image } from '../../image/image.ts';
import { formatDefconfig, ImageSyntaxError, parseDefconfig } from '../../image/kconfig.ts';
import { parseKraftfile } from '../../image/kraftfile.ts';
import { stockImages } from '../../image/stock.ts';
import { loadImage } from '../../machine/load-image.ts';
import { namesIn, readText, writeFileAtomic } from '../store/atomic.ts';
import type { Home } from '../store/home.ts';
import { explainImage } from './explain.ts';

const SUFFIX = '.defconfig';

export class ImageLibrary {
  private readonly home: Home;
  onChange: () => void = () => {};

  constructor(home: Home) {
    this.home = home;
  }

  /** What a machine loads under this name: an own image is the path of its file. */
  resolve(name: string): string {
    return this.isOwn(name) ? this.file(name) : name;
  }
  private isOwn(name: string): boolean {
    return /^[\w.-]+$/.test(name) && statSync(this.file(name), { throwIfNoEntry: false })?.isFile() === true;
  }
  private file(name: string): string {
    return join(this.home.images, name + SUFFIX);
  }

  load(name: string): Promise<Image> {
    return loadImage(this.resolve(name), nodeImageFiles);
  }

  async list(usedBy: (name: string) => string[]): Promise<ImageInfo[]> {
    const own = namesIn(this.home.images)
      .filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.'))
      .map((name) => name.slice(0, -SUFFIX.length))
      .sort();
    const names = [...stockImages.map((image) => image.name), ...own];
    return Promise.all(names.map((name) => this.get(name, usedBy(name))));
  }

  async get(name: string, usedBy: string[]): Promise<ImageInfo> {
    const image = await this.load(name);
    const stock = stockImages.find((candidate) => candidate.name === name);
    return explainImage(name, image, stock?.summary, usedBy);
  }

  save(name: string, options: OptionValues, isNew: boolean): void {
    this.requireName(name, isNew);
    writeFileAtomic(this.file(name), formatDefconfig(new Map(Object.entries(options))));
    this.onChange();
  }

  /** From the text of a defconfig or a Kraftfile. */
  import(name: string, text: string): void {
    this.requireName(name, true);
    try {
      const isKraftfile = /^spec(ification)?:/m.test(text);
      const options = isKraftfile ? parseKraftfile(text).options : parseDefconfig(text);
      this.save(name, Object.fromEntries(options), true);
    } catch (error) {
      if (!(error instanceof ImageSyntaxError)) throw error;
      throw new VmError('image.malformed', error.message, { image: name }, error);
    }
  }

  async export(name: string): Promise<{ fileName: string; text: string }> {
    const own = this.isOwn(name) ? readText(this.file(name)) : undefined;
    return { fileName: `${name}_defconfig`, text: own ?? formatDefconfig((await this.load(name)).options) };
  }

  remove(name: string, usedBy: string[]): void {
    if (!this.isOwn(name)) {
      const message =
        Image.stock(name) === undefined ? `there is no image "${name}"` : `"${name}" is built in and stays`;
      throw new VmError('image.not-found', message, { image: name });
    }
    if (usedBy.length > 0)
      throw new VmError(
        'image.name-taken',
        `the image "${name}" is used by ${usedBy.join(', ')}; give them another first`,
      );
    rmSync(this.file(name));
    this.onChange();
  }

  private requireName(name: string, isNew: boolean): void {
    if (Image.stock(name) !== undefined)
      throw new VmError('image.name-taken', `"${name}" is a built-in image; choose another name`, { image: name });
    if (isNew && this.isOwn(name))
      throw new VmError('image.name-taken', `there is an image "${name}" already; choose another name`, {
        image: name,
      });
  }
}
