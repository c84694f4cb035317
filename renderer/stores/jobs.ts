/** What takes a while: imports, packing, exports. Who starts one waits with `whenDone`. */
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { Job } from '../../core/contract/api/catalog.ts';
import { VmError } from '../../core/contract/errors.ts';
import { useApi } from '../api.ts';

export const useJobsStore = defineStore('jobs', () => {
  const jobs = ref<Job[]>([]);
  const waiters = new Map<string, { resolve: (job: Job) => void; reject: (error: VmError) => void }[]>();
  const running = computed(() => jobs.value.filter((job) => job.state === 'running' || job.state === 'paused'));

  function accept(job: Job): void {
    const at = jobs.value.findIndex((other) => other.id === job.id);
    if (at === -1) jobs.value = [job, ...jobs.value];
    else jobs.value = jobs.value.with(at, job);
    settle(job);
  }
  function settle(job: Job): void {
    if (job.state === 'running' || job.state === 'paused') return;
    for (const { resolve, reject } of waiters.get(job.id) ?? []) {
      if (job.state === 'done') resolve(job);
      else reject(job.error === undefined ? new VmError('job.cancelled', job.title) : VmError.from(job.error));
    }
    waiters.delete(job.id);
  }

  async function load(): Promise<void> {
    useApi().on('job.changed', accept);
    jobs.value = await useApi().call('job.list', {});
    for (const job of jobs.value) settle(job);
  }
  function whenDone(id: string): Promise<Job> {
    return new Promise((resolve, reject) => {
      waiters.set(id, [...(waiters.get(id) ?? []), { resolve, reject }]);
      const job = jobs.value.find((other) => other.id === id);
      if (job !== undefined) settle(job);
    });
  }
  const cancel = (job: string) => useApi().call('job.cancel', { job });
  const resume = (job: string) => useApi().call('job.resume', { job });

  return { jobs, running, load, whenDone, cancel, resume };
});
