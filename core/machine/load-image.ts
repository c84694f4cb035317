/** Finds an image by name, or reads one from a defconfig file or a Kraftfile. */
import { VmError } from '../contract/errors.ts';
import { Image } from '../image/image.ts';
import { ImageSyntaxError, parseDefconfig } from '../image/kconfig.ts';
import { stockImages } from '../image/stock.ts';

const DEFAULT_IMAGE = 'qemu-x86_64-9pfs';

export interface ImageFiles {
  /** Text of a host file, or undefined when there is none. */
  readText(path: string): string | undefined;
}

/** Throws VmError `image.not-found` or `image.malformed`. */
export async function loadImage(nameOrPath: string, files: ImageFiles): Promise<Image> {
  const stock = Image.stock(nameOrPath) ?? Image.stock(nameOrPath.slice(nameOrPath.lastIndexOf('/') + 1));
  if (stock !== undefined) return stock;
  const text = files.readText(nameOrPath);
  if (text === undefined) {
    const names = stockImages.map((image) => image.name).join(', ');
    const message = `there is no image "${nameOrPath}": it is neither a file nor one of ${names}`;
    throw new VmError('image.not-found', message, { image: nameOrPath });
  }
  try {
    return await parseImage(nameOrPath, text);
  } catch (error) {
    if (!(error instanceof ImageSyntaxError)) throw error;
    throw new VmError('image.malformed', `${nameOrPath}: ${error.message}`, { image: nameOrPath });
  }
}

async function parseImage(path: string, text: string): Promise<Image> {
  // A kernel binary built by Unikraft can't run here; its name may still say which options it was built with.
  if (text.startsWith('\x7fELF'))
    throw new ImageSyntaxError('it is a kernel binary; give a defconfig, a Kraftfile or a built-in image');
  const isYaml = /(^|\/)kraft(file|\.ya?ml)/i.test(path) || /\.ya?ml$/i.test(path) || /^spec(ification)?:/m.test(text);
  if (!isYaml) return new Image(path, parseDefconfig(text));
  const { parseKraftfile } = await import('../image/kraftfile.ts');
  const { name, cmd, env, options } = parseKraftfile(text);
  // A Kraftfile without options means the runtime it is made for: the stock image.
  const effective = options.size > 0 ? options : (Image.stock(DEFAULT_IMAGE)?.options ?? options);
  return new Image(name ?? path, new Map(effective), cmd, env);
}
