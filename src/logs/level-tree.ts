import { warn } from '../core/diag.ts';
import { type LevelName, SEVERITY } from '../core/level.ts';
import type { LevelScope } from './level-scope.ts';

/** The root's name. Every other logger inherits from it in the end. */
export const ROOT_NAME = 'root';

/** A level for a while; it lies over what is configured and leaves no trace when it ends. */
export interface Lease {
  readonly level: LevelName;
  /** Monotonic milliseconds at which it ends. */
  readonly untilMono: number;
  /** Wall clock, for people and for the next process. */
  readonly expiresAtMs: number;
  readonly reason: string | undefined;
  readonly actor: string | undefined;
}

/** A lease that holds for some contexts only: calls of other contexts keep their level. */
export interface ScopedLease extends Lease {
  readonly node: LevelNode;
  readonly scope: LevelScope;
  /** {@link firstWord} of the trace that is meant. */
  readonly word: number;
  /** {@link SEVERITY} of its level. */
  readonly threshold: number;
}

/** One logger name. */
export interface LevelNode {
  readonly name: string;
  /** `undefined` for the root. */
  readonly parent: string | undefined;
  configured: LevelName | undefined;
  lease: Lease | undefined;
  /** What holds now, leases included. */
  effective: LevelName;
  /** {@link SEVERITY} of `effective`: what a call compares. */
  threshold: number;
  /** What holds when no lease did. */
  base: LevelName;
  /** The lease that `effective` comes from. */
  heldBy: Lease | undefined;
  /** Leases of this name and of those above it that hold for some contexts, the nearest and newest first. */
  scoped: readonly ScopedLease[];
  /** Called when `effective`, `base` or `heldBy` changes: puts the logger's methods right. */
  onChange: ((node: LevelNode) => void) | undefined;
}

/** Names are few hundred in a large program; one made of a request's data must not fill the memory. */
const MAX_NAMES = 10_000;
const MAX_NAME = 256; // characters; a name is shown in every line

const nodes = new Map<string, LevelNode>();
const scopedLeases: ScopedLease[] = [];
const NONE: readonly ScopedLease[] = [];
const root = newNode(ROOT_NAME, undefined);
root.configured = 'info';
nodes.set(ROOT_NAME, root);

/** The name under which a logger is known: `''` and `ROOT` are the root. */
export function canonicalName(name: string): string {
  if (name === '' || name === 'ROOT') return ROOT_NAME;
  return name.length > MAX_NAME ? name.slice(0, MAX_NAME) : name;
}

/** The node of a name, made when it is new. Past the bound of names the root's. */
export function nodeOf(name: string): LevelNode {
  const key = canonicalName(name);
  const known = nodes.get(key);
  if (known) return known;
  if (nodes.size >= MAX_NAMES) {
    warn(
      'logger-names',
      `there are ${MAX_NAMES} logger names; further ones, such as "${key.slice(0, 40)}", log as "root": name loggers after modules, not after data`,
    );
    return root;
  }
  const node = newNode(key, parentName(key));
  nodes.set(key, node);
  settle(node);
  return node;
}

/** The node of a name, for looking only: a name that nobody has used is answered like a logger made now, and not kept. */
export function viewOf(name: string): LevelNode {
  const key = canonicalName(name);
  const known = nodes.get(key);
  if (known) return known;
  const view = newNode(key, parentName(key));
  settle(view);
  return view;
}

/** Every lease that holds for some contexts, the newest first. */
export function allScoped(): readonly ScopedLease[] {
  return scopedLeases;
}

/** Adds or takes away a lease that holds for some contexts. */
export function putScoped(lease: ScopedLease): void {
  scopedLeases.unshift(lease);
}
export function dropScoped(lease: ScopedLease): void {
  const at = scopedLeases.indexOf(lease);
  if (at >= 0) scopedLeases.splice(at, 1);
}

/** Every name, the root first, then by name. */
export function allNodes(): LevelNode[] {
  return [...nodes.values()].sort((a, b) => (a === root ? -1 : b === root ? 1 : a.name < b.name ? -1 : 1));
}

/** Works out anew what holds for `changed` and for every logger below it; their methods follow at once. */
export function settleBelow(changed: LevelNode): void {
  const below = `${changed.name}.`;
  for (const node of nodes.values()) {
    if (changed === root || node === changed || node.name.startsWith(below)) settle(node);
  }
}

function settle(node: LevelNode): void {
  const base = resolve(node, false).level;
  const { level: effective, lease: heldBy } = resolve(node, true);
  const scoped = scopedFor(node);
  if (base === node.base && effective === node.effective && heldBy === node.heldBy && scoped.length === 0 && node.scoped.length === 0) return;
  node.scoped = scoped;
  node.base = base;
  node.effective = effective;
  node.threshold = SEVERITY[effective];
  node.heldBy = heldBy;
  node.onChange?.(node);
}

/** The nearest level on the way up. A lease lies over what is configured for the same name, not over a nearer name. */
function resolve(node: LevelNode, withLeases: boolean): { level: LevelName; lease: Lease | undefined } {
  for (let name: string | undefined = node.name; name !== undefined; name = parentName(name)) {
    const at = nodes.get(name);
    if (withLeases && at?.lease) return { level: at.lease.level, lease: at.lease };
    if (at?.configured) return { level: at.configured, lease: undefined };
  }
  return { level: 'info', lease: undefined };
}

function scopedFor(node: LevelNode): readonly ScopedLease[] {
  if (scopedLeases.length === 0) return NONE;
  const above = scopedLeases.filter(({ node: { name } }) => name === ROOT_NAME || name === node.name || node.name.startsWith(`${name}.`));
  // Sorting is stable: of two leases of one name the newer stays first.
  return above.sort((a, b) => depth(b.node.name) - depth(a.node.name));
}

function depth(name: string): number {
  return name === ROOT_NAME ? 0 : name.split('.').length;
}

function newNode(name: string, parent: string | undefined): LevelNode {
  return {
    name,
    parent,
    configured: undefined,
    lease: undefined,
    effective: 'info',
    threshold: SEVERITY.info,
    base: 'info',
    heldBy: undefined,
    scoped: NONE,
    onChange: undefined,
  };
}

function parentName(name: string): string | undefined {
  if (name === ROOT_NAME) return undefined;
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? ROOT_NAME : name.slice(0, dot);
}

/** Whether a line of `level` is written while `threshold` holds. */
export function passes(level: LevelName, threshold: LevelName): boolean {
  return SEVERITY[level] >= SEVERITY[threshold];
}
