/** Name and version that the banner shows. */
export const RELEASE = 'Ananke 0.1.0';

declare const ELFDECK_BUILD: string | undefined;

/** Changes with every change of the sources; the bundler puts it in, so that there is none when they run as they are. */
export const BUILD = typeof ELFDECK_BUILD === 'undefined' ? undefined : ELFDECK_BUILD;
