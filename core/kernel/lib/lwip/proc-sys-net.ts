/** /proc/sys/net: settings of the network as they are, ip(7), tcp(7). Programs read them to choose sizes; none can be changed. */
import { EPHEMERAL_FIRST, EPHEMERAL_LAST } from '../../../net/ports.ts';
import type { Kernel } from '../../kernel.ts';
import type { Row } from '../../vfs/generated-fs.ts';
import { DEFAULT_BUFFER } from '../posix-socket/lib.ts';
import { FIRST_UNPRIVILEGED_PORT } from './inet-socket.ts';
import { RECEIVE_BUFFER, SEND_BUFFER } from './stream-buffers.ts';

const settings: readonly (readonly [path: string, value: string | number])[] = [
  ['core/rmem_default', DEFAULT_BUFFER],
  ['core/rmem_max', DEFAULT_BUFFER],
  ['core/wmem_default', DEFAULT_BUFFER],
  ['core/wmem_max', DEFAULT_BUFFER],
  ['core/optmem_max', 131072],
  ['core/netdev_max_backlog', 1000],
  ['core/busy_poll', 0],
  ['core/busy_read', 0],
  ['core/default_qdisc', 'noqueue'],
  ['ipv4/ip_local_port_range', `${EPHEMERAL_FIRST}\t${EPHEMERAL_LAST}`],
  ['ipv4/ip_local_reserved_ports', ''],
  ['ipv4/ip_unprivileged_port_start', FIRST_UNPRIVILEGED_PORT],
  ['ipv4/ip_default_ttl', 64],
  ['ipv4/ip_forward', 0],
  ['ipv4/ip_nonlocal_bind', 0],
  ['ipv4/ping_group_range', '0\t2147483647'],
  ['ipv4/icmp_echo_ignore_all', 0],
  ['ipv4/tcp_rmem', `4096\t${RECEIVE_BUFFER}\t6291456`],
  ['ipv4/tcp_wmem', `4096\t${SEND_BUFFER}\t4194304`],
  ['ipv4/tcp_congestion_control', 'cubic'],
  ['ipv4/tcp_available_congestion_control', 'cubic'],
  ['ipv4/tcp_allowed_congestion_control', 'cubic'],
  ['ipv4/tcp_fin_timeout', 60],
  ['ipv4/tcp_keepalive_time', 7200],
  ['ipv4/tcp_keepalive_intvl', 75],
  ['ipv4/tcp_keepalive_probes', 9],
  ['ipv4/tcp_max_syn_backlog', 4096],
  ['ipv4/tcp_syncookies', 0],
  ['ipv4/tcp_tw_reuse', 0],
  ['ipv4/tcp_fastopen', 0],
  ['ipv4/tcp_notsent_lowat', 4294967295],
  ['ipv6/bindv6only', 0],
  ['ipv6/conf/all/disable_ipv6', 0],
  ['ipv6/conf/default/disable_ipv6', 0],
  ['ipv6/conf/lo/disable_ipv6', 0],
];

export const procSysNetRows: readonly Row<{ readonly kernel: Kernel }>[] = settings.map(([path, value]) => ({
  path: `sys/net/${path}`,
  read: () => `${value}\n`,
}));
