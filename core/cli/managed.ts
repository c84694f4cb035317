/** The commands that stand on the manager: loaded when one of them is called, so that `elfdeck run` starts without. */
export {
  attachCommand,
  createCommand,
  exportCommand,
  importCommand,
  inspectCommand,
  listCommand,
  logsCommand,
  removeCommand,
  startCommand,
  verbCommand,
} from './commands/instances.ts';
export * as net from './commands/net-actions.ts';
export { openCommand, serveCommand } from './commands/serve.ts';
