/**
 * Entry of the `elfdeck` command when it runs from the sources; core/cli/bin/elfdeck does the same with the bundle. The
 * worker of a run starts first and loads its code while the words are read here.
 */
import { prestart } from '../manager/worker-thread.ts';

if (process.argv[2] === 'run') prestart();
const { main } = await import('./cli.ts');
await main(process.argv.slice(2));
