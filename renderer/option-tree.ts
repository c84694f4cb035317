/** The tree of build options as a menu shows it: which options mean anything, and what a search leaves of the tree. */
import type { OptionNode, OptionValues } from '../core/contract/api/image.ts';

export type OptionValue = boolean | number | string;

export const optionValue = (node: OptionNode, values: OptionValues): OptionValue =>
  values[node.name] ?? node.default ?? false;

/** Names that the option needs and that are not on. */
export const unmet = (node: OptionNode, values: OptionValues, byName: ReadonlyMap<string, OptionNode>): string[] =>
  node.dependsOn.filter((name) => {
    const other = byName.get(name);
    return (values[name] ?? other?.default ?? false) === false;
  });

export function allOptions(nodes: readonly OptionNode[]): Map<string, OptionNode> {
  const found = new Map<string, OptionNode>();
  const walk = (list: readonly OptionNode[]): void => {
    for (const node of list) {
      if (node.type !== 'menu') found.set(node.name, node);
      walk(node.children);
    }
  };
  walk(nodes);
  return found;
}

function matches(node: OptionNode, words: readonly string[]): boolean {
  const text = [node.name, node.title, node.help, node.library ?? '', ...(node.systemCalls ?? [])]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The options that match, with the menus above them; a menu that matches keeps all of its own. */
export function searchOptions(nodes: readonly OptionNode[], query: string): OptionNode[] {
  const words = query
    .toLowerCase()
    .replace(/^config_/, '')
    .split(/\s+/)
    .filter(Boolean);
  if (words.length === 0) return [...nodes];
  const keep = (node: OptionNode): OptionNode[] => {
    if (matches(node, words)) return [node];
    const children = node.children.flatMap(keep);
    return children.length > 0 ? [{ ...node, children }] : [];
  };
  return nodes.flatMap(keep);
}

export interface OptionRow {
  node: OptionNode;
  depth: number;
}
/** Rows in sight: menus that are open show what is in them. */
export function visibleRows(nodes: readonly OptionNode[], isOpen: (node: OptionNode) => boolean): OptionRow[] {
  const rows: OptionRow[] = [];
  const walk = (list: readonly OptionNode[], depth: number): void => {
    for (const node of list) {
      rows.push({ node, depth });
      if (node.children.length > 0 && isOpen(node)) walk(node.children, depth + 1);
    }
  };
  walk(nodes, 0);
  return rows;
}
