import { formatMs } from '../core/duration.ts';
import { type BreakerChanged, breakerChanged } from '../core/events.ts';
import { logger } from '../logs/logger.ts';

/** Writes one record for each change of a breaker's state: a warning when it opens. Returns what ends it. */
export function logBreakers(): () => void {
  const log = logger('sonde.breakers');
  return breakerChanged.subscribe((change) => {
    const fields = {
      'event.name': 'breaker.transition',
      'sonde.resilience.name': change.name,
      'sonde.resilience.from': change.from,
      'sonde.resilience.to': change.to,
      'sonde.resilience.failure_rate': change.failureRate,
      'sonde.resilience.slow_call_rate': change.slowCallRate,
      'sonde.resilience.since_closed_ms': change.sinceClosedMs && Math.round(change.sinceClosedMs),
      'sonde.resilience.wait_ms': change.waitMs,
      'sonde.resilience.reason': change.reason,
      'sonde.resilience.last_error.type': change.errorType,
      'sonde.resilience.last_error.id': change.errorId,
      // Whole: a retry around the breaker forgets what it tries again, and this line is then all there is of it.
      ...(change.error instanceof Error && { err: change.error }),
    };
    const isShut = change.to === 'open' || change.to === 'forced_open';
    log[isShut ? 'warn' : 'info'](fields, sentence(change));
  });
}

function sentence({ name, to, reason, sinceClosedMs, waitMs }: BreakerChanged): string {
  const since = sinceClosedMs === undefined ? '' : ` after ${formatMs(sinceClosedMs)}`;
  switch (to) {
    case 'open':
      return `breaker "${name}" is open for ${formatMs(waitMs ?? 0)}: ${reason}`;
    case 'forced_open':
      return `breaker "${name}" is held open: ${reason}`;
    case 'half_open':
      return `breaker "${name}" tries again${since}`;
    case 'closed':
      return `breaker "${name}" is closed${since}${reason === undefined ? '' : `: ${reason}`}`;
  }
}
