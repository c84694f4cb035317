/** Handlers of catalogs and jobs. */
import type { catalogCalls } from '../../contract/api/catalog.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import type { HandlersOf } from './handlers.ts';

export function catalogHandlers({ catalogs, jobs }: ManagerApp): HandlersOf<typeof catalogCalls> {
  return {
    'catalog.sources': () => catalogs.sources(),
    'catalog.add-source': (source) => catalogs.addSource(source),
    'catalog.remove-source': async ({ source }) => {
      await catalogs.removeSource(source);
      return null;
    },
    'catalog.refresh': ({ source }) => ({ job: catalogs.refresh(source) }),
    'catalog.list': ({ source, query }) => catalogs.search(source, query),
    'catalog.app': ({ app }) => catalogs.app(app),
    'catalog.import': ({ app }) => ({ job: catalogs.import(app) }),
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
