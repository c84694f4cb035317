/** `elfdeck net`: the user's virtual networks. What the commands do is loaded when one of them runs. */
import type { Command } from 'commander';
import type { CreateOptions } from './net-actions.ts';

const actions = () => import('./net-actions.ts');

export function addNetCommand(program: Command): void {
  const net = program.command('net').description('make, list and remove virtual networks');
  net
    .command('create')
    .description('make a network')
    .argument('<name>')
    .option('--subnet <CIDR>', 'its IPv4 addresses, for example 10.5.0.0/24 (default: a free 172.44.N.0/24)')
    .option('--ipv6 <CIDR>', 'its IPv6 addresses, for example fd00:5::/64')
    .option('--isolated', 'no way out of it: its machines reach each other, and forwards reach them')
    .action(async (name: string, options: CreateOptions) => (await actions()).createNetwork(name, options));
  net
    .command('ls')
    .description('list the networks')
    .option('-o, --output <table|json>', 'form', 'table')
    .action(async (options: { output: string }) => (await actions()).listNetworks(options));
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
