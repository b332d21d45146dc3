import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeBuggy, placeDeclined, placeFailing, post } from '../../examples/checkout/src/demo/drive.ts';
import { ATTRIBUTES_ONLY_WHEN, CONTEXT_ATTRIBUTES, LOG_ATTRIBUTES, SPAN_ATTRIBUTES } from '../../src/stack/catalogue/attributes.ts';
import { buildExample, type Example, startExample } from './services.ts';

interface KeyValue {
  readonly key: string;
}
interface Scope {
  readonly logRecords?: readonly { attributes?: readonly KeyValue[]; eventName?: string }[];
  readonly spans?: readonly { attributes?: readonly KeyValue[]; events?: readonly { name: string }[] }[];
}
interface Received {
  readonly resourceLogs?: readonly { resource: { attributes: readonly KeyValue[] }; scopeLogs: readonly Scope[] }[];
  readonly resourceSpans?: readonly { resource: { attributes: readonly KeyValue[] }; scopeSpans: readonly Scope[] }[];
}

const GOOD_CARD = '4242424242424242';
const JSON_BODY = { 'content-type': 'application/json' };
/** Names of attributes that came over the wire. */
const seen = { logs: new Set<string>(), spans: new Set<string>(), events: new Set<string>() };
let receiver: Server;
let example: Example;
let dir: string;

function take({ resourceLogs = [], resourceSpans = [] }: Received): void {
  const add = (to: Set<string>, list: readonly KeyValue[] = []): void => {
    for (const { key } of list) to.add(key);
  };
  for (const { resource, scopeLogs } of resourceLogs) {
    add(seen.logs, resource.attributes);
    for (const record of scopeLogs.flatMap((scope) => scope.logRecords ?? [])) {
      add(seen.logs, record.attributes);
      if (record.eventName) seen.logs.add('event.name'); // the collector makes an attribute of the field
    }
  }
  for (const { resource, scopeSpans } of resourceSpans) {
    add(seen.spans, resource.attributes);
    for (const span of scopeSpans.flatMap((scope) => scope.spans ?? [])) {
      add(seen.spans, span.attributes);
      for (const { name } of span.events ?? []) seen.events.add(name);
    }
  }
}

beforeAll(async () => {
  await buildExample();
  dir = await mkdtemp(join(tmpdir(), 'sonde-catalogue-otlp-'));
  receiver = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks);
      take(JSON.parse(String(req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body)) as Received);
      res.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  example = await startExample({
    SONDE_DIR: dir,
    CHECKOUT_DIR: dir,
    SONDE_ENVIRONMENT: 'test',
    OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=shop',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  });
  const { app, admin } = example;
  const place = (order: Record<string, unknown>) => post(app, '', order);
  await placeDeclined(app);
  await placeFailing(app); // payments answers with an error ID of its own
  await fetch(`${app}/orders/o-none`, { headers: { 'x-request-id': 'r-17' } });
  await mkdir(join(dir, 'orders', 'o-unreadable.json')); // a folder in place of a file: the store cannot read it
  await fetch(`${app}/orders/o-unreadable`);
  await fetch(`${admin}/log/level?logger=orders&level=debug&ttl=1m&reason=test`, { method: 'PUT' });
  await fetch(`${admin}/loggers/orders?route=/orders&ttl=1m`, { method: 'POST', body: '{"configuredLevel":"debug"}', headers: JSON_BODY });
  const { id } = JSON.parse((await place({ plan: 'pro', seats: 20_000, card: GOOD_CARD })).body) as { id: string };
  for (let i = 0; i < 2; i++) await fetch(`${app}/orders/${id}`);
  await place({ plan: 'pro', seats: 20_000, card: GOOD_CARD }); // too many seats at once
  example.payments.kill('SIGSTOP'); // it takes connections and does not answer
  await placeBuggy(app); // the campaigns are not told in time: those that are printed have to do
  const full = Array.from({ length: 100 }, () => place({ plan: 'basic', seats: 1, card: GOOD_CARD })); // more than have a place or may wait for one
  await Promise.race(full);
  example.payments.kill('SIGKILL');
  await Promise.all(full);
  // By now the breaker is open. A storm of one failure: more than ten a second are told as one, and the first of the next second says how many.
  for (let round = 0; round < 100 && !seen.logs.has('sonde.error.suppressed'); round++) await Promise.all(Array.from({ length: 20 }, () => placeBuggy(app)));
  // Whoever looks at a breaker when its time has come finds it half open.
  for (let i = 0; i < 1_000 && !seen.logs.has('sonde.resilience.since_closed_ms'); i++) {
    await (await fetch(`${admin}/metrics`)).text();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await example.stop(); // delivers everything
});
afterAll(async () => {
  await example?.stop();
  receiver?.close();
  await rm(dir, { recursive: true, force: true });
});

const emitted = (names: readonly string[]): string[] => names.filter((name) => !(name in ATTRIBUTES_ONLY_WHEN));

describe('attributes that the catalogue of the stack names are sent by the example', () => {
  it.each(emitted([...LOG_ATTRIBUTES, ...CONTEXT_ATTRIBUTES]))('of records: %s', (name) => {
    expect([...seen.logs].sort()).toContain(name);
  });

  it.each(emitted(SPAN_ATTRIBUTES))('of spans: %s', (name) => {
    expect([...seen.spans].sort()).toContain(name);
  });

  it.each(['retry', 'timeout', 'breaker.transition', 'breaker.refused', 'bulkhead.refused', 'rate_limit.refused', 'fallback', 'cache.miss', 'cache.hit'])(
    'of what the wrappers of calls did, as events of spans: %s',
    (name) => {
      expect([...seen.events].sort()).toContain(name);
    },
  );

  // What is not in it has another name and another type when it is looked up in Loki.
  it('of records: all that the SDK itself adds are in the catalogue', () => {
    const known = new Set([...LOG_ATTRIBUTES, ...CONTEXT_ATTRIBUTES, 'error.data']); // what is in that one is the application's
    const own = [...seen.logs].filter((name) =>
      /^(?:cache|client|code|deployment|error|exception|fallback|host|log|nodejs|process|service|sonde|telemetry)\./.test(name),
    );
    expect(own.filter((name) => !known.has(name))).toEqual([]);
  });

  it('what is said to come only sometimes is in the catalogue, and did not come here', () => {
    const all = new Set([...LOG_ATTRIBUTES, ...CONTEXT_ATTRIBUTES, ...SPAN_ATTRIBUTES]);
    expect(Object.keys(ATTRIBUTES_ONLY_WHEN).filter((name) => !all.has(name) || seen.logs.has(name))).toEqual([]);
  });
});
