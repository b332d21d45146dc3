import type { StoredSpan } from '../../store/lookup.ts';
import { cleanLine } from './clean.ts';
import type { Style } from './style.ts';
import { cut } from './table.ts';
import { showPairs, showTime } from './values.ts';

const MAX_EVENTS = 200; // as many as log lines
const MAX_PAIRS = 400; // of one line on a terminal; --json has all of it
const SHOWN_ELSEWHERE = 'exception'; // the error's own record has it whole

/** What happened during the spans of a trace, such as attempts, refusals and hits of a cache, a line each; '' where nothing did. */
export function eventLines(spans: readonly StoredSpan[], style: Style): string {
  const events = spans.flatMap((span) => span.events.filter(({ name }) => name !== SHOWN_ELSEWHERE).map((event) => ({ ...event, span })));
  const lines = events
    .toSorted((a, b) => a.timeMs - b.timeMs)
    .slice(0, MAX_EVENTS)
    .map(({ timeMs, name, attributes, span }) => {
      const parts = [style.faint(showTime(timeMs).slice(11)), style.accent(cleanLine(span.name)), cleanLine(name)];
      const pairs = cut(showPairs(attributes ?? {}), MAX_PAIRS);
      return `${parts.join('  ')}${pairs ? `  ${style.faint(pairs)}` : ''}\n`;
    });
  if (events.length > MAX_EVENTS) lines.push(style.faint(`… more events than ${MAX_EVENTS} are not shown; --json has them\n`));
  return lines.join('');
}
