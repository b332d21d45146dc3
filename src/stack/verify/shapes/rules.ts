import * as v from 'valibot';
import { closed, PROM_DURATION, text } from '../shape.ts';

const recording = closed({ record: text(/^[a-zA-Z_:][\w:]*$/, 'a metric name'), expr: v.string(), labels: v.optional(v.record(v.string(), v.string())) });
const alert = closed({
  alert: text(/^[A-Z][A-Za-z]+$/, 'a name in CamelCase'),
  expr: v.string(),
  for: PROM_DURATION,
  labels: closed({ severity: v.picklist(['page', 'ticket', 'info'], 'the severity is page, ticket or info') }),
  annotations: closed({ summary: v.string(), description: v.string(), runbook_url: v.string(), dashboard_url: v.string() }),
});

/** A rule file of Prometheus or Loki. */
export const RULES = closed({
  groups: v.pipe(
    v.array(
      closed({
        name: v.string(),
        interval: v.optional(PROM_DURATION),
        // Which of the two it is says a key; a union would say no more than that neither fits.
        rules: v.array(v.lazy((input) => (typeof input === 'object' && input !== null && 'record' in input ? recording : alert))),
      }),
    ),
    v.minLength(1),
  ),
});
