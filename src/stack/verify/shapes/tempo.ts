import * as v from 'valibot';
import { closed, open } from '../shape.ts';

const SECTIONS = [
  'target',
  'querier',
  'query_frontend',
  'ingester',
  'ingest',
  'live_store',
  'block_builder',
  'backend_scheduler',
  'backend_worker',
  'compactor',
  'cache',
  'memberlist',
];

/** collector/tempo/tempo.yaml: what this stack stands on; Tempo's other options may be there too. */
export const TEMPO = open(
  {
    server: open({ http_listen_address: v.string(), http_listen_port: v.union([v.number(), v.string()]), log_level: v.optional(v.string()) }, [
      'grpc_listen_address',
      'grpc_listen_port',
    ]),
    distributor: open({ receivers: closed({ otlp: closed({ protocols: v.looseObject({}) }) }) }),
    metrics_generator: open({
      storage: open({ path: v.string(), remote_write: v.pipe(v.array(open({ url: v.string(), send_exemplars: v.optional(v.boolean()) })), v.minLength(1)) }),
    }),
    storage: closed({ trace: open({ backend: v.string(), wal: v.looseObject({}), local: v.optional(v.looseObject({})) }) }),
    overrides: v.optional(open({ defaults: open({ metrics_generator: v.optional(v.looseObject({})), ingestion: v.optional(v.looseObject({})) }) })),
    usage_report: v.optional(closed({ reporting_enabled: v.boolean() })),
  },
  SECTIONS,
);
