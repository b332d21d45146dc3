import { levelChanged } from '../core/events.ts';
import { LEVELS, type LevelName, parseLevel } from '../core/level.ts';
import { dropLease, endDueLeases, endLease, endScopedLease, MAX_LEASE_MS, onLeaseDue, runningLeases, startLease, startScopedLease } from './leases.ts';
import { checkedScope, type LevelScope, scopeText } from './level-scope.ts';
import { allNodes, type Lease, type LevelNode, nodeOf, type ScopedLease, settleBelow, viewOf } from './level-tree.ts';

/** How a level is set: for a while or for good, for whom, by whom and why. */
export interface SetLevelOptions {
  /** Milliseconds until it reverts; without one it is permanent. At most 24 hours. */
  readonly ttlMs?: number | undefined;
  /** Holds for these contexts only: a trace, a route, a user. Without `ttlMs` it ends after 24 hours. */
  readonly scope?: LevelScope | undefined;
  readonly reason?: string | undefined;
  readonly actor?: string | undefined;
  readonly remoteAddress?: string | undefined;
}

/** What holds for one logger. */
export interface LevelState {
  readonly name: string;
  /** What lines are measured against now. */
  readonly level: LevelName;
  /** What was set for this very name; `undefined` where it inherits. */
  readonly configured: LevelName | undefined;
  /** Wall clock, while a lease decides the level. */
  readonly expiresAtMs: number | undefined;
  /** What holds after the lease. */
  readonly revertsTo: LevelName | undefined;
  readonly reason: string | undefined;
  readonly actor: string | undefined;
}

/** A lease that runs. */
export interface LeaseState {
  readonly logger: string;
  readonly level: LevelName;
  readonly expiresAtMs: number;
  readonly scope: LevelScope | undefined;
  readonly reason: string | undefined;
  readonly actor: string | undefined;
}

const groups = new Map<string, readonly string[]>();
let onLeases: (() => void) | undefined;

onLeaseDue((node, lease) => {
  const { scope } = lease as Partial<ScopedLease>;
  change(node, { reason: 'the lease has ended', actor: lease.actor, scope }, undefined, () => dropLease(node, lease));
});

/**
 * The level of a logger, `root` where no name is given.
 *
 * @example
 * getLevel('orders.db').level === getLevel().level;
 */
export function getLevel(name = ''): LevelState {
  endDueLeases();
  const member = groups.get(name)?.[0];
  return stateOf(viewOf(member ?? name));
}

/**
 * Sets the level of a logger, or of every logger of a group; loggers below that have no level of their own follow at once.
 *
 * Shape: the answer is the state that holds now. With a `scope` only calls of those contexts follow.
 * Units: `ttlMs` is in milliseconds, at most 24 hours; without it the level is permanent and ends a lease.
 * Errors: throws `RangeError` for an unknown level, a `ttlMs` that is not above 0 or a scope that can match nothing, and
 * `TypeError` for a name that is no text.
 *
 * @example
 * setLevel('example.db', 'debug', { ttlMs: 60_000, reason: 'slow queries' });
 * getLevel('example.db.pool').level === 'debug';
 */
export function setLevel(name: string, level: string, options: SetLevelOptions = {}): LevelState {
  if (typeof name !== 'string') throw new TypeError(`Cannot set the level of "${String(name)}": its name is ${typeof name}, expected text`);
  const parsed = parseLevel(level);
  if (parsed === undefined)
    throw new RangeError(`Cannot set the level of "${name}": unrecognized level "${String(level)}", expected one of ${LEVELS.join(', ')}`);
  const { reason, actor } = options;
  if (options.ttlMs !== undefined && !(options.ttlMs > 0))
    throw new RangeError(`Cannot set the level of "${name}": ttlMs is ${String(options.ttlMs)}, expected milliseconds above 0`);
  const ttlMs = options.ttlMs === undefined ? undefined : Math.min(options.ttlMs, MAX_LEASE_MS);
  const scope = options.scope === undefined ? undefined : scopeOf(name, options.scope);
  endDueLeases();
  const request = { level: parsed, ttlMs, reason, actor };
  return changeAll(name, { ...options, ttlMs, scope }, parsed, (node) => {
    if (scope !== undefined) startScopedLease(node, scope, request);
    else if (ttlMs !== undefined) startLease(node, request);
    else {
      endLease(node);
      node.configured = parsed;
    }
  });
}

function scopeOf(name: string, scope: LevelScope): LevelScope {
  try {
    return checkedScope(scope);
  } catch (error) {
    throw new RangeError(`Cannot set the level of "${name}": ${(error as Error).message}`);
  }
}

/**
 * Takes a logger's own level and lease away: it inherits again. The root goes back to `info`. With a `scope` only the
 * lease for those contexts ends.
 *
 * @example
 * setLevel('example.cache', 'trace');
 * clearLevel('example.cache').configured === undefined;
 */
export function clearLevel(name: string, options: Omit<SetLevelOptions, 'ttlMs'> = {}): LevelState {
  const { scope } = options;
  return changeAll(name, options, undefined, (node) => {
    if (scope !== undefined) endScopedLease(node, scope);
    else {
      endLease(node);
      node.configured = node.parent === undefined ? 'info' : undefined;
    }
  });
}

/**
 * Every logger there is with its level, the root first; the groups; the leases that run.
 *
 * @example
 * listLoggers().loggers[0]?.name === 'root';
 */
export function listLoggers(): {
  readonly loggers: readonly LevelState[];
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly leases: readonly LeaseState[];
} {
  endDueLeases();
  return { loggers: allNodes().map(stateOf), groups: Object.fromEntries(groups), leases: listLeases() };
}

/** The leases that run. */
export function listLeases(): readonly LeaseState[] {
  endDueLeases();
  return runningLeases().map(({ node, lease, scope }) => ({
    logger: node.name,
    level: lease.level,
    expiresAtMs: lease.expiresAtMs,
    scope,
    reason: lease.reason,
    actor: lease.actor,
  }));
}

/** Calls `fn` when a lease begins or ends. */
export function watchLeases(fn: (() => void) | undefined): void {
  onLeases = fn;
}

/** Puts the groups in force: names that stand for several loggers. */
export function setGroups(next: Readonly<Record<string, readonly string[]>>): void {
  groups.clear();
  for (const [name, members] of Object.entries(next)) groups.set(name, [...members]);
}

/** Sets levels without an audit record: the configuration that a process starts with. */
export function configureLevels(rootLevel: LevelName, levels: Readonly<Record<string, LevelName>>): void {
  const root = nodeOf('');
  root.configured = rootLevel;
  for (const [name, level] of Object.entries(levels)) for (const member of membersOf(name)) nodeOf(member).configured = level;
  settleBelow(root);
}

function membersOf(name: string): readonly string[] {
  return groups.get(name) ?? [name];
}

function changeAll(name: string, options: SetLevelOptions, level: LevelName | undefined, apply: (node: LevelNode) => void): LevelState {
  const nodes = membersOf(name).map(nodeOf);
  for (const node of nodes) change(node, options, level, () => apply(node));
  return stateOf(nodes[0] ?? nodeOf(name));
}

function change(node: LevelNode, options: SetLevelOptions, level: LevelName | undefined, apply: () => void): void {
  const old = node.effective;
  apply();
  settleBelow(node);
  onLeases?.();
  const { scope, ttlMs, reason, actor, remoteAddress } = options;
  const next = scope !== undefined && level !== undefined ? level : node.effective;
  levelChanged.publish({ logger: node.name, old, new: next, ttlMs, reason, actor, remoteAddress, scope: scope && scopeText(scope) });
}

function stateOf(node: LevelNode): LevelState {
  const heldBy: Lease | undefined = node.heldBy;
  return {
    name: node.name,
    level: node.effective,
    configured: node.configured,
    expiresAtMs: heldBy?.expiresAtMs,
    revertsTo: heldBy === undefined ? undefined : node.base,
    reason: heldBy?.reason,
    actor: heldBy?.actor,
  };
}
