/** The commands that stand on the manager: loaded when one of them is called, so that `elfdeck run` starts without. */
export { openCommand, serveCommand } from './commands/serve.ts';
