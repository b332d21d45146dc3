import { clock } from '../core/clock.ts';
import type { LineLevel } from '../core/level.ts';
import type { Scope } from '../core/scope.ts';
import { argument } from './fields.ts';
import { type LevelNode, passes } from './level-tree.ts';
import { type Bindings, writeIn } from './line.ts';

/** Lines of before the configuration that are kept; a start-up that says more than this says it again. */
const MAX_EARLY = 100;

let kept: { readonly node: LevelNode; readonly level: LineLevel; readonly write: () => void }[] | undefined = [];

/** Whether lines are still kept for somebody who configures. */
export function keepsEarly(): boolean {
  return kept !== undefined;
}

/** Keeps a line with the time and the scope that it belongs to. `false`: it was the last one that is kept. */
export function keepEarly(
  level: LineLevel,
  node: LevelNode,
  nameText: string,
  scope: Scope,
  bindings: Bindings | undefined,
  first: unknown,
  rest: readonly unknown[],
): boolean {
  if (kept === undefined) return false;
  const timeMs = clock.now();
  const copies = rest.map(argument);
  const fields = first instanceof Error ? first : argument(first);
  kept.push({ node, level, write: () => writeIn(level, nameText, timeMs, scope, bindings, fields, copies) });
  if (kept.length < MAX_EARLY) return true;
  // Nobody configures: from here a line costs an empty call.
  kept = undefined;
  return false;
}

/** Writes what was kept, where the levels that hold now let it. */
export function releaseEarly(): void {
  const waiting = kept ?? [];
  kept = undefined;
  for (const { node, level, write } of waiting) if (passes(level, node.effective)) write();
}
