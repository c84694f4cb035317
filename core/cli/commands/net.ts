/** `elfdeck net`: virtual networks and the machines on them. What the commands do is loaded when one of them runs. */
import type { Command } from 'commander';
import type { CreateOptions, OutputOption } from './net-actions.ts';

const actions = async () => (await import('../managed.ts')).net;

const withOutput = (command: Command): Command => command.option('-o, --output <table|json>', 'form', 'table');

export function addNetCommand(program: Command): void {
  const net = program.command('net').description('virtual networks, and the networking of machines that run');
  addNetworks(net);
  addMachines(net);
}

function addNetworks(net: Command): void {
  net
    .command('create')
    .description('make a network')
    .argument('<name>')
    .option('--subnet <CIDR>', 'its IPv4 addresses, for example 10.5.0.0/24 (default: a free 172.44.N.0/24)')
    .option('--ipv6 <CIDR>', 'its IPv6 addresses, for example fd00:5::/64')
    .option('--isolated', 'no way out of it: its machines reach each other, and forwards reach them')
    .action(async (name: string, options: CreateOptions) => (await actions()).createNetwork(name, options));
  withOutput(net.command('ls').description('list the networks')).action(async (options: OutputOption) =>
    (await actions()).listNetworks(options),
  );
  net
    .command('inspect')
    .description('show a network and its machines, as JSON')
    .argument('<name>')
    .action(async (name: string) => (await actions()).inspectNetwork(name));
  net
    .command('rm')
    .description('remove networks')
    .argument('<name...>')
    .action(async (names: string[]) => (await actions()).removeNetworks(names));
}

/** A machine is named by its instance's name or id, or by one of its addresses. */
function addMachines(net: Command): void {
  withOutput(net.command('machines').description('list the machines that run with a network')).action(
    async (options: OutputOption) => (await actions()).listMachines(options),
  );
  withOutput(net.command('show').description('cards of a machine with their counters, forwards, faults, capture'))
    .argument('<vm>')
    .action(async (vm: string, options: OutputOption) => (await actions()).showMachine(vm, options));
  withOutput(net.command('conns').description('list the sockets and connections of a machine'))
    .argument('<vm>')
    .action(async (vm: string, options: OutputOption) => (await actions()).listConnections(vm, options));
  net
    .command('forward')
    .description('forward more ports of this computer to a machine that runs')
    .argument('<vm>')
    .argument('<[ADDR:]HOST:GUEST[/udp]...>')
    .action(async (vm: string, texts: string[]) => (await actions()).addForwards(vm, texts));
  net
    .command('unforward')
    .description('end a forward; connections that it has brought go on')
    .argument('<vm>')
    .argument('<[ADDR:]HOST[/udp]>')
    .action(async (vm: string, text: string) => (await actions()).removeForward(vm, text));
  net
    .command('capture')
    .description('write what passes the cards of a machine to a file (pcapng) from now on; "off" ends it')
    .argument('<vm>')
    .argument('<file|off>')
    .action(async (vm: string, file: string) => (await actions()).setCapture(vm, file));
  net
    .command('faults')
    .description('set faults on purpose of the links of a machine, or show them; "none" ends them')
    .argument('<vm>')
    .argument(
      '[RULE...]',
      'latency=50ms,jitter=5ms,loss=1%,rate=10mbit or partition; also to=NAME, net=NET, in, out, seed=N',
    )
    .action(async (vm: string, rules: string[]) => (await actions()).faults(vm, rules));
}
