import { clock } from '../core/clock.ts';
import { errorReported } from '../core/events.ts';
import { MAX_SERIES } from './family.ts';
import { escapeLabel } from './label-set.ts';
import { defineFamily } from './registry.ts';

/** Counts reported errors; each series shows the last one's trace and error ID as its exemplar. Returns what ends it. */
export function countErrors(): () => void {
  const errors = defineFamily({
    type: 'counter',
    name: 'errors_total',
    help: 'Errors reported, by type, kind and boundary',
    labelNames: ['error_type', 'kind', 'boundary'],
    maxSeries: MAX_SERIES,
    bounds: undefined,
  });
  return errorReported.subscribe(({ id, type, kind, boundary, traceId }) => {
    const cell = errors.cell({ error_type: type, kind, boundary });
    cell.inc();
    // OpenMetrics allows 128 characters of names and values; these two are 67. The error ID is never a label.
    const trace = traceId === undefined ? '' : `trace_id="${escapeLabel(traceId)}",`;
    cell.exemplar = { labels: `${trace}error_id="${id}"`, value: 1, timestampMs: clock.now() };
  });
}
