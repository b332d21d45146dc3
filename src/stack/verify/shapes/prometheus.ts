import * as v from 'valibot';
import { closed, PROM_DURATION, text } from '../shape.ts';

const TARGET = text(/^[\w.-]+:\d+$/, 'a host and a port');
const targets = v.array(closed({ targets: v.array(TARGET), labels: v.optional(v.record(v.string(), v.string())) }));

/** collector/prometheus/prometheus.yml. */
export const PROMETHEUS = closed({
  global: closed({
    scrape_interval: PROM_DURATION,
    scrape_timeout: v.optional(PROM_DURATION),
    evaluation_interval: PROM_DURATION,
    external_labels: v.optional(v.record(v.string(), v.string())),
  }),
  storage: v.optional(
    closed({ tsdb: v.optional(closed({ out_of_order_time_window: PROM_DURATION })), exemplars: v.optional(closed({ max_exemplars: v.number() })) }),
  ),
  otlp: closed({
    promote_resource_attributes: v.array(v.string()),
    keep_identifying_resource_attributes: v.optional(v.boolean()),
    translation_strategy: v.optional(v.string()),
  }),
  rule_files: v.pipe(v.array(v.string()), v.minLength(1)),
  alerting: closed({ alertmanagers: v.array(closed({ static_configs: targets })) }),
  scrape_configs: v.array(
    closed({
      job_name: v.string(),
      static_configs: targets,
      metrics_path: v.optional(v.string()),
      scheme: v.optional(v.picklist(['http', 'https'])),
      scrape_interval: v.optional(PROM_DURATION),
      scrape_timeout: v.optional(PROM_DURATION),
      relabel_configs: v.optional(v.array(v.looseObject({}))),
      metric_relabel_configs: v.optional(v.array(v.looseObject({}))),
    }),
  ),
});
