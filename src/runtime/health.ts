import type { Health } from '../admin/deps.ts';
import { clock } from '../core/clock.ts';
import { type Duration, durationMs } from '../core/duration.ts';
import { safeMessage } from '../core/json.ts';
import { Latch } from '../core/latch.ts';
import { scrub } from '../core/redact-text.ts';
import { openBreakers } from '../resilience/breaker.ts';
import { staleHeartbeats } from '../resilience/heartbeat.ts';

/** Options of {@link health}. */
export interface HealthOptions {
  /** How long one look may take. Default `1s`. */
  readonly timeout?: Duration;
  /** Whether the process is not ready while the check fails. Default true; otherwise the failure is only shown. */
  readonly critical?: boolean;
}

interface Check {
  readonly name: string;
  readonly look: (signal: AbortSignal) => unknown;
  readonly timeoutMs: number;
  readonly critical: boolean;
  running: Promise<Outcome> | undefined;
}
interface Outcome {
  readonly ok: boolean;
  readonly critical: boolean;
  readonly reason: string | undefined;
  readonly ms: number;
}

const checks = new Map<string, Check>();
let draining = false;

/**
 * Registers a check that `/readyz` asks. A check fails when it throws, rejects, returns `false` or takes too long.
 *
 * Shape: returns the function that takes the check away. The check gets a signal that aborts at its limit.
 * Units: `timeout` is a {@link Duration}.
 * Errors: throws `TypeError` for a name that is taken or empty, or a check that is no function; `RangeError` for a bad timeout.
 *
 * @example
 * const remove = health('example-db', async () => true, { timeout: '1s', critical: true });
 * remove();
 */
export function health(name: string, look: (signal: AbortSignal) => unknown, options: HealthOptions = {}): () => void {
  if (typeof name !== 'string' || name === '') throw new TypeError(`Cannot register health check "${String(name)}": the name is empty, expected a text`);
  if (typeof look !== 'function') throw new TypeError(`Cannot register health check "${name}": the check is ${typeof look}, expected a function`);
  if (checks.has(name)) throw new TypeError(`Cannot register health check "${name}": the name is taken, expected a new one`);
  const check: Check = {
    name,
    look,
    timeoutMs: durationMs(options.timeout ?? '1s', `timeout of health check "${name}"`),
    critical: options.critical ?? true,
    running: undefined,
  };
  checks.set(name, check);
  return () => {
    if (checks.get(name) === check) checks.delete(name);
  };
}

/** Says that the process takes no new work: `/readyz` answers 503 from now on. */
export function setDraining(next: boolean): void {
  draining = next;
}

/** Asks every check. The process lives as long as it can answer; it is ready when no critical check fails. */
export async function readHealth(kind: 'live' | 'ready'): Promise<Health> {
  if (kind === 'live') return { ok: true, reasons: [] };
  const outcomes = await Promise.all([...checks.values()].map(async (check) => [check.name, await ask(check)] as const));
  const reasons = outcomes.filter(([, one]) => !one.ok && one.critical).map(([name, one]) => `${name}: ${one.reason ?? 'failed'}`);
  reasons.push(...staleHeartbeats(), ...openBreakers());
  if (draining) reasons.unshift('shutting down');
  return { ok: reasons.length === 0, reasons, checks: Object.fromEntries(outcomes) };
}

/** One look at a time: a probe that comes while a slow look runs gets the answer of that look. */
function ask(check: Check): Promise<Outcome> {
  check.running ??= run(check).finally(() => {
    check.running = undefined;
  });
  return check.running;
}

async function run(check: Check): Promise<Outcome> {
  const { look, timeoutMs, critical } = check;
  const startMono = clock.mono();
  const abort = new AbortController();
  const over = new Latch<string>();
  const timer = clock.setTimeout(() => {
    over.release(`no answer within ${timeoutMs}ms`);
    abort.abort(new DOMException('The health check took too long', 'TimeoutError'));
  }, timeoutMs);
  const looked = (async () => ((await look(abort.signal)) === false ? 'it answered false' : undefined))().catch(
    (error: unknown) => scrub(safeMessage(error)) || 'failed',
  );
  const reason = await Promise.race([looked, over.promise]);
  clock.clearTimeout(timer);
  return { ok: reason === undefined, critical, reason: reason?.slice(0, 500), ms: Math.round(clock.mono() - startMono) };
}
