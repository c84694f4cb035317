/** What the list of instances shows: filtered by words, state and tag, and in order. */
import type { VmInfo } from '../core/contract/api/vm.ts';
import { quoteWords } from './format.ts';
import { hasFailed, isLive } from './stores/vms.ts';

export type StateFilter = 'all' | 'running' | 'stopped' | 'failed';
export type SortKey = 'name' | 'state' | 'created';
export interface ListQuery {
  text: string;
  state: StateFilter;
  /** Empty for all. */
  tag: string;
  sort: SortKey;
  isDescending: boolean;
}

/** The command line of an instance, as far as it is known without booting it. */
export const programOf = (vm: VmInfo): string => vm.spec.append ?? quoteWords(vm.spec.program);

export function matchesState(vm: VmInfo, state: StateFilter): boolean {
  if (state === 'all') return true;
  if (state === 'running') return isLive(vm);
  return state === 'failed' ? hasFailed(vm) : !isLive(vm);
}

function matchesText(vm: VmInfo, words: readonly string[]): boolean {
  const { name, spec, meta, state } = vm;
  const text = [name, programOf(vm), spec.image, meta.group, ...meta.tags, meta.notes, state].join(' ').toLowerCase();
  return words.every((word) => text.includes(word));
}

const STATE_ORDER = ['running', 'paused', 'restarting', 'suspended', 'errored', 'failed', 'exited', 'created'];
const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const orders: Record<SortKey, (a: VmInfo, b: VmInfo) => number> = {
  name: (a, b) => names.compare(a.name, b.name),
  state: (a, b) => STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state) || names.compare(a.name, b.name),
  created: (a, b) => a.createdAt - b.createdAt || names.compare(a.name, b.name),
};

export function listInstances(vms: readonly VmInfo[], query: ListQuery): VmInfo[] {
  const words = query.text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = vms.filter(
    (vm) =>
      matchesState(vm, query.state) &&
      (query.tag === '' || vm.meta.tags.includes(query.tag) || vm.meta.group === query.tag) &&
      matchesText(vm, words),
  );
  const order = orders[query.sort];
  return found.sort((a, b) => (query.isDescending ? order(b, a) : order(a, b)));
}
