/** Path of Electron's program, or undefined when it is not installed. */
export function electronProgram(root: string): string | undefined;
export function hasDisplay(): boolean;
