import type { StoredLog } from '../../store/lookup.ts';
import { cleanLine } from './clean.ts';
import { levelStyle, type Style } from './style.ts';
import { cut } from './table.ts';
import { showPairs, showTime } from './values.ts';

// An error's line carries the whole record; the stack is shown by `sonde error`.
const NOT_SHOWN =
  /^(?:exception\.|sonde\.error\.|event\.name$|observed_timestamp$|severity_number$|trace_flags$|service\.|host\.|process\.|deployment\.|telemetry\.)/;
const MAX_PAIRS = 400; // of one line on a terminal; --json has all of it

/** A log record on one line: time, level, logger, message, values. */
export function logLine(log: StoredLog, style: Style, shortTime = false): string {
  const time = showTime(log.timeMs);
  const pairs = cut(showPairs(Object.fromEntries(Object.entries(log.attributes).filter(([key]) => isShown(key, log)))), MAX_PAIRS);
  const level = levelStyle(style, log.severity)(cleanLine(log.level).padEnd(5));
  const parts = [style.faint(shortTime ? time.slice(11) : time), level, style.accent(cleanLine(log.logger)), cleanLine(log.message)];
  return `${parts.filter(Boolean).join('  ')}${pairs ? `  ${style.faint(pairs)}` : ''}\n`;
}

/** An error without an ID has no record that tells its message. */
function isShown(key: string, { attributes, message }: StoredLog): boolean {
  if (key === 'exception.message') return attributes['error.id'] === undefined && attributes[key] !== message;
  return !NOT_SHOWN.test(key);
}
