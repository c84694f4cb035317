/** What /sys holds: the one CPU with its caches, and memory settings that allocators ask for. One row for each file. */
import type { Row, SysSubject } from '../../vfs/generated-fs.ts';
import { caches } from '../procfs/cpuinfo.ts';

type SysRow = Row<SysSubject>;

/** A file of one line. */
function line(path: string, text: string | number): SysRow {
  return { path, read: () => `${text}\n` };
}

const CPUS = 'devices/system/cpu';
const CPU0 = `${CPUS}/cpu0`;
const NODE0 = 'devices/system/node/node0';
const HUGE = 'kernel/mm/transparent_hugepage';

const topology: readonly (readonly [name: string, value: string])[] = [
  ['core_id', '0'],
  ['die_id', '0'],
  ['physical_package_id', '0'],
  ['core_cpus', '1'],
  ['core_cpus_list', '0'],
  ['core_siblings', '1'],
  ['core_siblings_list', '0'],
  ['die_cpus', '1'],
  ['die_cpus_list', '0'],
  ['package_cpus', '1'],
  ['package_cpus_list', '0'],
  ['thread_siblings', '1'],
  ['thread_siblings_list', '0'],
];

function cacheRows(): SysRow[] {
  return caches().flatMap(({ level, type, lineBytes, ways, sets, sizeKiB }, index) => {
    const values: readonly (readonly [name: string, value: string | number])[] = [
      ['id', 0],
      ['level', level],
      ['type', type],
      ['size', `${sizeKiB}K`],
      ['coherency_line_size', lineBytes],
      ['number_of_sets', sets],
      ['ways_of_associativity', ways],
      ['physical_line_partition', 1],
      ['shared_cpu_list', '0'],
      ['shared_cpu_map', '1'],
    ];
    return values.map(([name, value]) => line(`${CPU0}/cache/index${index}/${name}`, value));
  });
}

export const sysRows: readonly SysRow[] = [
  line(`${CPUS}/online`, '0'),
  line(`${CPUS}/possible`, '0'),
  line(`${CPUS}/present`, '0'),
  line(`${CPUS}/offline`, ''),
  line(`${CPUS}/kernel_max`, '0'),
  ...topology.map(([name, value]) => line(`${CPU0}/topology/${name}`, value)),
  ...cacheRows(),
  line('devices/system/node/online', '0'),
  line('devices/system/node/possible', '0'),
  line(`${NODE0}/cpulist`, '0'),
  line(`${NODE0}/cpumap`, '1'),
  // Pages are never merged into huge ones.
  line(`${HUGE}/enabled`, 'always madvise [never]'),
  line(`${HUGE}/defrag`, 'always defer defer+madvise madvise [never]'),
  line(`${HUGE}/shmem_enabled`, 'always within_size advise [never] deny force'),
  line(`${HUGE}/use_zero_page`, '0'),
  { path: 'fs', directory: true },
  { path: 'class', directory: true },
  { path: 'block', directory: true },
  { path: 'bus', directory: true },
];
