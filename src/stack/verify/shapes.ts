import * as v from 'valibot';

const IMAGE = v.pipe(v.string(), v.regex(/:v?\d+\.\d+\.\d+$/, 'an image with its exact version'));
const LOOPBACK_PORT = v.pipe(v.string(), v.regex(/^127\.0\.0\.1:\d+:\d+$/, 'a port on 127.0.0.1'));

const service = v.looseObject({
  image: IMAGE,
  ports: v.optional(v.array(LOOPBACK_PORT)),
  mem_limit: v.pipe(v.string(), v.regex(/^\d+[mg]$/, 'a memory limit such as 512m')),
  logging: v.looseObject({ driver: v.string(), options: v.looseObject({ 'max-size': v.string(), 'max-file': v.string() }) }),
  healthcheck: v.optional(v.looseObject({ test: v.pipe(v.array(v.string()), v.minLength(2)) })),
});

/** docker-compose.yml. */
export const COMPOSE = v.looseObject({ services: v.record(v.string(), service), volumes: v.record(v.string(), v.nullable(v.looseObject({}))) });

const rule = v.union([
  v.strictObject({ record: v.string(), expr: v.string(), labels: v.optional(v.record(v.string(), v.string())) }),
  v.strictObject({
    alert: v.pipe(v.string(), v.regex(/^[A-Z][A-Za-z]+$/, 'a name in CamelCase')),
    expr: v.string(),
    for: v.string(),
    labels: v.strictObject({ severity: v.picklist(['page', 'ticket', 'info']) }),
    annotations: v.strictObject({ summary: v.string(), description: v.string(), runbook_url: v.string(), dashboard_url: v.string() }),
  }),
]);

/** A rule file of Prometheus or Loki. */
export const RULES = v.strictObject({
  groups: v.pipe(v.array(v.strictObject({ name: v.string(), interval: v.optional(v.string()), rules: v.array(rule) })), v.minLength(1)),
});

const component = v.nullable(v.looseObject({}));
const pipeline = v.strictObject({ receivers: v.array(v.string()), processors: v.optional(v.array(v.string())), exporters: v.array(v.string()) });

/** collector/config.yaml. */
export const COLLECTOR = v.strictObject({
  extensions: v.record(v.string(), component),
  receivers: v.record(v.string(), component),
  processors: v.record(v.string(), component),
  connectors: v.optional(v.record(v.string(), component), {}),
  exporters: v.record(v.string(), component),
  service: v.looseObject({ extensions: v.array(v.string()), pipelines: v.record(v.string(), pipeline) }),
});

const source = v.looseObject({ type: v.string(), uid: v.string() });
const grid = v.strictObject({ x: v.number(), y: v.number(), w: v.number(), h: v.number() });

/** A dashboard. */
export const DASHBOARD = v.looseObject({
  uid: v.pipe(v.string(), v.maxLength(40)),
  title: v.string(),
  schemaVersion: v.number(),
  templating: v.looseObject({ list: v.array(v.looseObject({ name: v.string() })) }),
  panels: v.array(
    v.looseObject({
      id: v.number(),
      type: v.string(),
      title: v.string(),
      gridPos: grid,
      targets: v.optional(v.array(v.looseObject({ refId: v.string(), datasource: source }))),
    }),
  ),
});

/** grafana/provisioning/datasources. */
export const DATASOURCES = v.looseObject({
  apiVersion: v.literal(1),
  datasources: v.array(v.looseObject({ name: v.string(), uid: v.string(), type: v.string(), url: v.string() })),
});

/** What does not fit a shape: the path and what was expected. */
export function shapeProblems(schema: v.GenericSchema, value: unknown): string[] {
  const result = v.safeParse(schema, value);
  if (result.success) return [];
  return result.issues.map((issue) => `${v.getDotPath(issue) ?? 'document'}: ${issue.message}`);
}
