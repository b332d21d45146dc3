import { clock, type TimerHandle } from '../core/clock.ts';
import { type LevelName, SEVERITY } from '../core/level.ts';
import { wantRoute } from '../core/route-interest.ts';
import { firstWord, type LevelScope, sameScope } from './level-scope.ts';
import { allScoped, dropScoped, type Lease, type LevelNode, putScoped, type ScopedLease } from './level-tree.ts';

/** The longest lease: debug that is forgotten over a weekend fills disks. */
export const MAX_LEASE_MS = 86_400_000;
/** Each is looked at on the disabled calls of its loggers; people debug a few things at a time. */
const MAX_SCOPED = 32;

interface Running {
  readonly node: LevelNode;
  timer: TimerHandle | undefined;
}

/** What a lease is asked for with. */
export interface LeaseRequest {
  readonly level: LevelName;
  readonly ttlMs: number | undefined;
  readonly reason: string | undefined;
  readonly actor: string | undefined;
}

const running = new Map<Lease, Running>();
let onEnd: (node: LevelNode, lease: Lease) => void = () => {};

/** Sets who is told that a lease's time has come; it ends the lease. */
export function onLeaseDue(fn: (node: LevelNode, lease: Lease) => void): void {
  onEnd = fn;
}

/** Every lease that runs, with its logger. */
export function runningLeases(): readonly { readonly node: LevelNode; readonly lease: Lease; readonly scope: LevelScope | undefined }[] {
  return [...running].map(([lease, { node }]) => ({ node, lease, scope: (lease as Partial<ScopedLease>).scope }));
}

/** Lays a lease over a logger's level. */
export function startLease(node: LevelNode, request: LeaseRequest): void {
  endLease(node);
  node.lease = newLease(request);
  run(node, node.lease);
}

/** Takes a logger's lease away. */
export function endLease(node: LevelNode): void {
  if (node.lease) forget(node.lease);
  node.lease = undefined;
}

/** Starts a lease that holds for some contexts; one for the same contexts is replaced. */
export function startScopedLease(node: LevelNode, scope: LevelScope, request: LeaseRequest): void {
  endScopedLease(node, scope);
  const oldest = allScoped().at(-1);
  if (oldest && allScoped().length >= MAX_SCOPED) onEnd(oldest.node, oldest);
  const lease: ScopedLease = { ...newLease(request), node, scope, word: firstWord(scope.trace), threshold: SEVERITY[request.level] };
  putScoped(lease);
  run(node, lease);
  wantRoute(allScoped().some((one) => one.scope.route !== undefined));
}

/** Ends the lease that a logger has for these contexts. */
export function endScopedLease(node: LevelNode, scope: LevelScope): void {
  const lease = allScoped().find((one) => one.node === node && sameScope(one.scope, scope));
  if (lease) dropLease(node, lease);
}

/** Ends one lease of either kind. */
export function dropLease(node: LevelNode, lease: Lease): void {
  if (node.lease === lease) endLease(node);
  else {
    forget(lease);
    dropScoped(lease as ScopedLease);
    wantRoute(allScoped().some((one) => one.scope.route !== undefined));
  }
}

/** Ends every lease whose time has come; a busy event loop may have kept its timer waiting. */
export function endDueLeases(): void {
  if (running.size === 0) return;
  const now = clock.mono();
  for (const [lease, { node }] of running) if (lease.untilMono <= now) onEnd(node, lease);
}

function newLease({ level, ttlMs, reason, actor }: LeaseRequest): Lease {
  const ms = Math.min(ttlMs ?? MAX_LEASE_MS, MAX_LEASE_MS);
  return { level, untilMono: clock.mono() + ms, expiresAtMs: clock.now() + ms, reason, actor };
}

function run(node: LevelNode, lease: Lease): void {
  const timer = clock.setTimeout(() => {
    if (running.has(lease)) onEnd(node, lease);
  }, lease.untilMono - clock.mono());
  running.set(lease, { node, timer });
}

function forget(lease: Lease): void {
  const timer = running.get(lease)?.timer;
  if (timer !== undefined) clock.clearTimeout(timer);
  running.delete(lease);
}
