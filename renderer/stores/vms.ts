/** The instances: list, figures, and what can be done to them. State comes by event; actions only ask. */
import { defineStore } from 'pinia';
import { computed, ref, shallowReactive, shallowRef } from 'vue';
import type {
  BrokenVm,
  BulkAction,
  RemovedVm,
  VmInfo,
  VmMeta,
  VmSample,
  VmSpecInput,
} from '../../core/contract/api/vm.ts';
import type { VmError } from '../../core/contract/errors.ts';
import { asVmError, useApi } from '../api.ts';
import { errorText } from '../manager-texts/manager-texts.ts';

export type VmAction = 'start' | 'stop' | 'kill' | 'pause' | 'resume' | 'restart';

/** Samples kept for sparklines, at about one a second. */
const SAMPLES = 60;

const LIVE = new Set(['running', 'paused', 'restarting', 'suspended']);
/** True while a machine exists. */
export const isLive = (vm: VmInfo): boolean => LIVE.has(vm.state);
export const hasFailed = (vm: VmInfo): boolean => vm.state === 'failed' || vm.state === 'errored';

export const useVmsStore = defineStore('vms', () => {
  const byId = shallowRef<ReadonlyMap<string, VmInfo>>(new Map());
  const broken = shallowRef<BrokenVm[]>([]);
  const samples = shallowReactive(new Map<string, readonly VmSample[]>());
  const isLoaded = ref(false);
  const error = shallowRef<VmError>();
  /** `id:action` of what was asked and has not been answered. */
  const pending = ref(new Set<string>());

  const vms = computed(() => [...byId.value.values()]);
  const running = computed(() => vms.value.filter(isLive));
  const tags = computed(() => [...new Set(vms.value.flatMap((vm) => vm.meta.tags))].sort());
  const groups = computed(() => [...new Set(vms.value.map((vm) => vm.meta.group).filter(Boolean))].sort());

  function accept(vm: VmInfo): void {
    byId.value = new Map(byId.value).set(vm.id, vm);
    if (!isLive(vm)) samples.delete(vm.id);
  }
  function forget(id: string): void {
    const rest = new Map(byId.value);
    rest.delete(id);
    byId.value = rest;
    samples.delete(id);
  }
  function acceptSamples(batch: readonly VmSample[]): void {
    for (const sample of batch) samples.set(sample.vm, [...(samples.get(sample.vm) ?? []), sample].slice(-SAMPLES));
  }

  let isListening = false;
  async function load(): Promise<void> {
    const api = useApi();
    if (!isListening) {
      isListening = true;
      api.on('vm.changed', accept);
      api.on('vm.removed', (removed) => forget(removed.id));
      api.on('vm.stats', acceptSamples);
    }
    try {
      const list = await api.call('vm.list', {});
      byId.value = new Map(list.vms.map((vm) => [vm.id, vm]));
      broken.value = list.broken;
      error.value = undefined;
    } catch (thrown) {
      error.value = asVmError(thrown);
    }
    isLoaded.value = true;
  }

  /** By id, or by name as links from outside have it. */
  const find = (idOrName: string): VmInfo | undefined =>
    byId.value.get(idOrName) ?? vms.value.find((vm) => vm.name === idOrName);
  const isPending = (id: string, action: VmAction): boolean => pending.value.has(`${id}:${action}`);

  async function act(id: string, action: VmAction): Promise<VmInfo> {
    const key = `${id}:${action}`;
    pending.value.add(key);
    try {
      const vm = await useApi().call(`vm.${action}`, { vm: id });
      accept(vm);
      return vm;
    } finally {
      pending.value.delete(key);
    }
  }
  async function bulk(ids: readonly string[], action: BulkAction): Promise<string[]> {
    const results = await useApi().call('vm.bulk', { vms: [...ids], action });
    return results.flatMap(({ vm, error: failure }) =>
      failure ? [`${find(vm)?.name ?? vm}: ${errorText(failure)}`] : [],
    );
  }

  async function create(name: string, spec: VmSpecInput, meta?: Partial<VmMeta>): Promise<VmInfo> {
    const vm = await useApi().call('vm.create', { name, spec, ...(meta === undefined ? {} : { meta }) });
    accept(vm);
    return vm;
  }
  async function update(
    id: string,
    changes: { name?: string; spec?: VmSpecInput; meta?: Partial<VmMeta> },
  ): Promise<VmInfo> {
    const vm = await useApi().call('vm.update', { vm: id, ...changes });
    accept(vm);
    return vm;
  }
  async function clone(id: string, name: string): Promise<VmInfo> {
    const vm = await useApi().call('vm.clone', { vm: id, name });
    accept(vm);
    return vm;
  }
  async function remove(id: string): Promise<RemovedVm> {
    const removed = await useApi().call('vm.remove', { vm: id });
    forget(id);
    return removed;
  }
  async function restore(id: string): Promise<void> {
    accept(await useApi().call('vm.restore', { id }));
  }
  /** `name`, or `name-2` and so on when it is taken. */
  function freeName(name: string): string {
    const taken = new Set(vms.value.map((vm) => vm.name));
    let free = name;
    for (let n = 2; taken.has(free); n++) free = `${name}-${n}`;
    return free;
  }

  return {
    vms,
    running,
    broken,
    tags,
    groups,
    samples,
    isLoaded,
    error,
    load,
    find,
    isPending,
    act,
    bulk,
    create,
    update,
    clone,
    remove,
    restore,
    freeName,
    accept,
  };
});
