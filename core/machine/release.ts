/** Name and version that the banner shows. */
export const RELEASE = 'Ananke 0.1.0';
