/** Where messages of the emulator itself go; levels are Unikraft's printk levels. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'crit';

export interface Logger {
  log(level: LogLevel, source: string, message: string): void;
}

export const nullLogger: Logger = { log() {} };
