/** Handlers of catalogs and jobs. */
import type { catalogCalls } from '../../contract/api/catalog.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import type { HandlersOf } from './handlers.ts';
import { notYet } from './not-yet.ts';

export function catalogHandlers({ catalogs, jobs }: ManagerApp): HandlersOf<typeof catalogCalls> {
  return {
    'catalog.sources': () => catalogs.sources(),
    'catalog.add-source': () => notYet('adding a catalog'),
    'catalog.remove-source': () => notYet('removing a catalog'),
    'catalog.refresh': () => notYet('reading a catalog again'),
    'catalog.list': ({ source, query }) => catalogs.search(source, query),
    'catalog.app': ({ app }) => catalogs.app(app),
    'catalog.import': () => notYet('importing'),
    'job.list': () => jobs.list(),
    'job.cancel': async ({ job }) => {
      await jobs.cancel(job);
      return null;
    },
    'job.resume': ({ job }) => {
      jobs.resume(job);
      return null;
    },
  };
}
