import { clock, type TimerHandle } from '../core/clock.ts';
import { levelChanged } from '../core/events.ts';
import { LEVELS, type LevelName, parseLevel } from './level.ts';
import { allNodes, findNode, type Lease, type LevelNode, nodeOf, settleBelow } from './level-tree.ts';

/** How a level is set: for a while or for good, by whom and why. */
export interface SetLevelOptions {
  /** Milliseconds until it reverts; without one it is permanent. At most 24 hours. */
  readonly ttlMs?: number | undefined;
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

/** The longest lease: debug that is forgotten over a weekend fills disks. */
export const MAX_LEASE_MS = 86_400_000;

const timers = new Map<LevelNode, TimerHandle>();
const groups = new Map<string, readonly string[]>();

/**
 * The level of a logger, `root` where no name is given.
 *
 * @example
 * getLevel('orders.db').level === getLevel().level;
 */
export function getLevel(name = ''): LevelState {
  expireDue();
  const member = groups.get(name)?.[0];
  return stateOf(nodeOf(member ?? name));
}

/**
 * Sets the level of a logger, or of every logger of a group; loggers below that have no level of their own follow at once.
 *
 * Shape: the answer is the state that holds now.
 * Units: `ttlMs` is in milliseconds; without it the level is permanent and ends a lease.
 * Errors: throws `RangeError` for an unknown level or a `ttlMs` that is not above 0.
 *
 * @example
 * setLevel('example.db', 'debug', { ttlMs: 60_000, reason: 'slow queries' });
 * getLevel('example.db.pool').level === 'debug';
 */
export function setLevel(name: string, level: string, options: SetLevelOptions = {}): LevelState {
  const parsed = parseLevel(level);
  if (parsed === undefined) throw new RangeError(`Cannot set the level of "${name}": unrecognized level "${String(level)}", expected one of ${LEVELS.join(', ')}`);
  const { ttlMs } = options;
  if (ttlMs !== undefined && !(ttlMs > 0)) throw new RangeError(`Cannot set the level of "${name}": ttlMs is ${String(ttlMs)}, expected milliseconds above 0`);
  expireDue();
  const changed = membersOf(name).map((member) => {
    const node = nodeOf(member);
    return change(node, options, () => {
      endLease(node);
      if (ttlMs === undefined) node.configured = parsed;
      else startLease(node, parsed, Math.min(ttlMs, MAX_LEASE_MS), options);
    });
  });
  return changed[0] ?? stateOf(nodeOf(name));
}

/**
 * Takes a logger's own level and lease away: it inherits again. The root goes back to `info`.
 *
 * @example
 * setLevel('example.cache', 'trace');
 * clearLevel('example.cache').configured === undefined;
 */
export function clearLevel(name: string, options: Omit<SetLevelOptions, 'ttlMs'> = {}): LevelState {
  const changed = membersOf(name).map((member) => {
    const node = nodeOf(member);
    return change(node, options, () => {
      endLease(node);
      node.configured = node.parent === undefined ? 'info' : undefined;
    });
  });
  return changed[0] ?? stateOf(nodeOf(name));
}

/**
 * Every logger there is with its level, the root first, and the groups.
 *
 * @example
 * listLoggers().loggers[0]?.name === 'root';
 */
export function listLoggers(): { readonly loggers: readonly LevelState[]; readonly groups: Readonly<Record<string, readonly string[]>> } {
  expireDue();
  return { loggers: allNodes().map(stateOf), groups: Object.fromEntries(groups) };
}

/** Whether there is a logger or a group of this name. */
export function hasLogger(name: string): boolean {
  return groups.has(name) || findNode(name) !== undefined;
}

/** How many leases run. */
export function leaseCount(): number {
  expireDue();
  return timers.size;
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

/** Ends every lease whose time has come; a busy event loop may have kept its timer waiting. */
export function expireDue(): void {
  const now = timers.size === 0 ? 0 : clock.mono();
  for (const node of timers.keys()) if (node.lease && node.lease.untilMono <= now) expire(node, node.lease);
}

function membersOf(name: string): readonly string[] {
  return groups.get(name) ?? [name];
}

function startLease(node: LevelNode, level: LevelName, ttlMs: number, options: SetLevelOptions): void {
  const lease: Lease = { level, untilMono: clock.mono() + ttlMs, expiresAtMs: clock.now() + ttlMs, reason: options.reason, actor: options.actor };
  node.lease = lease;
  timers.set(
    node,
    clock.setTimeout(() => expire(node, lease), ttlMs),
  );
}

function endLease(node: LevelNode): void {
  const timer = timers.get(node);
  if (timer !== undefined) clock.clearTimeout(timer);
  timers.delete(node);
  node.lease = undefined;
}

function expire(node: LevelNode, lease: Lease): void {
  if (node.lease !== lease) return;
  change(node, { reason: 'the lease has ended', actor: lease.actor }, () => endLease(node));
}

function change(node: LevelNode, options: SetLevelOptions, apply: () => void): LevelState {
  const old = node.effective;
  apply();
  settleBelow(node);
  levelChanged.publish({
    logger: node.name,
    old,
    new: node.effective,
    ttlMs: options.ttlMs,
    reason: options.reason,
    actor: options.actor,
    remoteAddress: options.remoteAddress,
  });
  return stateOf(node);
}

function stateOf(node: LevelNode): LevelState {
  const { heldBy } = node;
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
