import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { clock } from '../core/clock.ts';
import { warn } from '../core/diag.ts';
import { parseLevel } from '../core/level.ts';
import { makeFolder } from '../core/make-folder.ts';
import type { LevelScope } from './level-scope.ts';
import { type LeaseState, listLeases, setLevel, watchLeases } from './levels.ts';

/** A file of leases is a few kB; one that is larger is not ours. */
const MAX_FILE = 65_536;

/**
 * Keeps the leases that run in a file, so that a process that is started anew goes on with them until their time.
 * Processes that share the file take over each other's leases when they start; permanent levels are configuration and
 * are not kept. Returns what ends it; the file stays.
 */
export function keepLeases(path: string): () => void {
  for (const lease of readLeases(path)) {
    const ttlMs = lease.expiresAtMs - clock.now();
    if (ttlMs > 0) take(path, lease, ttlMs);
  }
  watchLeases(() => writeLeases(path, listLeases()));
  return () => watchLeases(undefined);
}

/** A file that somebody wrote by hand must not keep a service from starting. */
function take(path: string, { logger, level, scope, reason, actor }: LeaseState, ttlMs: number): void {
  try {
    setLevel(logger, level, { ttlMs, scope, reason, actor });
  } catch (error) {
    warn('lease-file', `cannot use a lease in ${path}: ${(error as Error).message}; the level of the configuration holds`);
  }
}

function readLeases(path: string): LeaseState[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return []; // there were none
  }
  try {
    if (text.length > MAX_FILE) throw new Error(`it has ${text.length} characters`);
    return (JSON.parse(text) as { leases: unknown[] }).leases.map(checked).filter((lease) => lease !== undefined);
  } catch (error) {
    warn('lease-file', `cannot read the leases of log levels in ${path}: ${String((error as Error).message)}; the levels of the configuration hold`);
    return [];
  }
}

function checked(given: unknown): LeaseState | undefined {
  const { logger, level, expiresAtMs, scope, reason, actor } = given as Record<string, unknown>;
  const parsed = parseLevel(level);
  if (typeof logger !== 'string' || parsed === undefined || typeof expiresAtMs !== 'number') return undefined;
  return { logger, level: parsed, expiresAtMs, scope: scopeOf(scope), reason: text(reason), actor: text(actor) };
}

function scopeOf(given: unknown): LevelScope | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const { trace, route, user } = given as Record<string, unknown>;
  return { trace: text(trace), route: text(route), user: text(user) };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function writeLeases(path: string, leases: readonly LeaseState[]): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    makeFolder(dirname(path));
    if (leases.length === 0) {
      rmSync(path, { force: true });
      return;
    }
    // A rename is whole or not at all: nobody reads half a file.
    writeFileSync(draft, JSON.stringify({ leases }), { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    warn('lease-file', `cannot keep the leases of log levels in ${path}: ${String((error as Error).message)}; a restart ends them`);
  }
}
