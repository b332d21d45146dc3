import * as v from 'valibot';
import { closed, open, PROM_DURATION, text } from '../shape.ts';

const SECTIONS = [
  'target',
  'distributor',
  'querier',
  'query_range',
  'query_scheduler',
  'frontend',
  'frontend_worker',
  'ingester_client',
  'bloom_build',
  'bloom_gateway',
  'pattern_ingester',
  'storage_config',
  'chunk_store_config',
  'index_gateway',
  'runtime_config',
  'memberlist',
  'table_manager',
  'tracing',
  'memcached',
  'operational_config',
];
const LIMITS = [
  'ingestion_rate_strategy',
  'max_label_names_per_series',
  'max_label_value_length',
  'max_global_streams_per_user',
  'max_entries_limit_per_query',
  'max_query_series',
  'max_query_lookback',
  'max_query_parallelism',
  'max_structured_metadata_size',
  'max_structured_metadata_entries_count',
  'per_stream_rate_limit',
  'per_stream_rate_limit_burst',
  'query_timeout',
  'split_queries_by_interval',
  'unordered_writes',
  'volume_enabled',
];
const PORT = v.union([v.number(), text(/^\$\{\w+(?::-\d+)?\}$/, 'a port')], 'a port');
const SIZE = v.union([v.number(), text(/^\d+(?:B|KB|MB|GB)$/, 'a size such as 512KB')], 'a size such as 512KB');
const attributes = v.array(
  closed({ action: v.picklist(['index_label', 'structured_metadata', 'drop']), attributes: v.optional(v.array(v.string())), regex: v.optional(v.string()) }),
);

/** collector/loki/loki.yaml: what this stack stands on; Loki's other options may be there too. */
export const LOKI = open(
  {
    auth_enabled: v.boolean(),
    server: open({ http_listen_address: v.string(), http_listen_port: PORT, grpc_listen_port: PORT, log_level: v.optional(v.string()) }, [
      'grpc_listen_address',
    ]),
    common: open({ path_prefix: v.string(), replication_factor: v.number(), ring: v.looseObject({}), storage: v.looseObject({}) }),
    schema_config: closed({
      configs: v.pipe(
        v.array(
          closed({
            from: v.union([v.string(), v.date()]),
            store: v.literal('tsdb', 'structured metadata needs the store tsdb'),
            object_store: v.string(),
            schema: text(/^v1[3-9]$/, 'v13 or later: structured metadata needs it'),
            index: closed({ prefix: v.string(), period: PROM_DURATION }),
          }),
        ),
        v.minLength(1),
      ),
    }),
    ingester: v.optional(v.looseObject({})),
    limits_config: open(
      {
        allow_structured_metadata: v.literal(true, 'without structured metadata no error is found by its ID'),
        retention_period: PROM_DURATION,
        reject_old_samples: v.optional(v.boolean()),
        reject_old_samples_max_age: v.optional(PROM_DURATION),
        max_line_size: v.optional(SIZE),
        max_line_size_truncate: v.optional(v.boolean()),
        ingestion_rate_mb: v.optional(v.number()),
        ingestion_burst_size_mb: v.optional(v.number()),
        max_query_length: v.optional(PROM_DURATION),
        discover_log_levels: v.optional(v.boolean()),
        otlp_config: closed({
          resource_attributes: closed({ ignore_defaults: v.optional(v.boolean()), attributes_config: attributes }),
          log_attributes: v.optional(attributes),
          scope_attributes: v.optional(attributes),
        }),
      },
      LIMITS,
    ),
    compactor: open({
      working_directory: v.string(),
      retention_enabled: v.literal(true, 'without it nothing is ever deleted'),
      delete_request_store: v.string(),
    }),
    ruler: open({ alertmanager_url: v.string(), enable_api: v.boolean(), storage: v.looseObject({}), rule_path: v.string() }),
    analytics: v.optional(closed({ reporting_enabled: v.boolean() })),
  },
  SECTIONS,
);
