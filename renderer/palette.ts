/** How well commands match what was typed: whole words before beginnings of words before scattered letters. */
import type { Command } from './stores/commands.ts';

const MAX_RESULTS = 60;

export function rankCommands(commands: readonly Command[], query: string): Command[] {
  const wanted = query.trim().toLowerCase();
  if (wanted === '') return commands.slice(0, MAX_RESULTS);
  return commands
    .map((command) => ({ command, score: scoreOf(`${command.title} ${command.group}`.toLowerCase(), wanted) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, MAX_RESULTS)
    .map(({ command }) => command);
}

/** 0 when the letters don't all come in order. */
export function scoreOf(text: string, wanted: string): number {
  const at = text.indexOf(wanted);
  if (at === 0) return 1000;
  if (at > 0) return (text[at - 1] === ' ' ? 800 : 500) - Math.min(at, 100);
  const words = wanted.split(/\s+/);
  if (words.length > 1 && words.every((word) => text.includes(word))) return 400;
  let position = -1;
  let gaps = 0;
  for (const letter of wanted) {
    const next = text.indexOf(letter, position + 1);
    if (next === -1) return 0;
    gaps += position === -1 ? 0 : next - position - 1;
    position = next;
  }
  return Math.max(1, 200 - gaps * 8);
}
