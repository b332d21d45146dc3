#!/usr/bin/env node
// How fast the embedded store takes records in, and how fast it finds them: `node test/bench/store.mjs [rows]` (default 200,000),
// after `npm run build`. Half spans, half log lines, one error in 65 rows with a stack of 30 frames; batches of 512 rows, as the
// worker writes them. CPU time is that of the writes only; making the records is left out.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mintErrorId } from '../../dist/errors/error-id.js';
import { openReader } from '../../dist/store/query.js';
import { openWriter } from '../../dist/store/writer.js';

const rows = Number(process.argv[2] ?? 200_000);
const dir = mkdtempSync(join(tmpdir(), 'sonde-bench-'));
const now = Date.now();
const times = () => now - 3_600_000 + Math.random() * 3_000_000;
const names = ['POST /orders', 'orders.place', 'payments.charge', 'db.query'];
const stack = `TypeError: Cannot charge\n${'    at charge (src/orders.ts:12:9)\n'.repeat(30)}`;

const writer = openWriter(dir, { resource: { 'service.name': 'bench', 'service.version': '1.0.0', 'host.name': 'h' } });
const ids = [];
const traces = [];
let stored = 0;
let wallMs = 0;
let cpuMs = 0;
while (stored < rows) {
  const { spans, logs, errors } = batch();
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (const result of [writer.writeSpans(spans), writer.writeLogs(logs), writer.writeErrors(errors)]) {
    if (result.failure) throw result.failure;
    stored += result.stored;
  }
  wallMs += performance.now() - start;
  const used = process.cpuUsage(cpu);
  cpuMs += (used.user + used.system) / 1_000;
}
writer.close();
const bytes = readdirSync(join(dir, 'store')).reduce((sum, name) => sum + statSync(join(dir, 'store', name)).size, 0);
console.log(`node ${process.versions.node}, ${stored} rows, ${Math.round(bytes / stored)} bytes a row`);
console.log(`ingest    ${Math.round((stored / wallMs) * 1_000)} rows/s, ${Math.round((stored / cpuMs) * 1_000)} rows/s a core`);

const reader = openReader(dir);
const any = (list) => list[Math.floor(Math.random() * list.length)];
await measure('error by ID', 2_000, async () => (await reader.error(any(ids))) !== undefined);
await measure('trace by ID', 2_000, async () => (await reader.trace(any(traces))).spans.length === 4);
await measure('log of trace', 2_000, async () => (await reader.logs({ traceId: any(traces) })).items.length === 4);
await measure('last errors', 200, async () => (await reader.errors({})).items.length > 0);
await measure('last lines', 200, async () => (await reader.logs({})).items.length === 50);
await measure('warnings', 200, async () => (await reader.logs({ minSeverity: 13 })).items.length === 0);
await measure('groups', 200, async () => (await reader.groups({})).items.length > 0);
await measure('activity', 50, async () => (await reader.activity({ sinceMs: now - 3_600_000, untilMs: now, stepMs: 60_000 })).points.length > 0);
await reader.close();
rmSync(dir, { recursive: true });

function batch() {
  const spans = [];
  const logs = [];
  const errors = [];
  for (let i = 0; i < 64; i++) {
    const traceId = randomBytes(16).toString('hex');
    traces.push(traceId);
    let parentSpanId;
    for (const name of names) {
      const spanId = randomBytes(8).toString('hex');
      spans.push({
        traceId,
        spanId,
        parentSpanId,
        flags: 1,
        name,
        kind: 0,
        startMs: times(),
        durationMs: Math.random() * 100,
        status: { code: 0 },
        attributes: { 'order.id': `o-${i}`, plan: 'pro' },
        events: [],
        links: [],
        scope: { name: 'sonde' },
        droppedAttributes: 0,
        droppedEvents: 0,
        droppedLinks: 0,
      });
      logs.push({
        timeMs: times(),
        observedMs: now,
        severity: 9,
        level: 'info',
        message: 'order placed for a customer',
        logger: 'orders',
        traceId,
        spanId,
        flags: 1,
        attributes: { order: `o-${i}` },
      });
      parentSpanId = spanId;
    }
    if (i % 8 === 0) {
      const id = mintErrorId();
      ids.push(id);
      const timestamp = new Date(times()).toISOString();
      errors.push({
        timestamp,
        observed_timestamp: timestamp,
        level: 'error',
        severity_number: 17,
        message: 'Cannot charge',
        'event.name': 'exception',
        logger: 'orders',
        trace_id: traceId,
        'exception.type': 'TypeError',
        'exception.message': 'Cannot charge',
        'exception.stacktrace': stack,
        'error.id': id,
        'error.type': 'TypeError',
        'sonde.error.kind': 'bug',
        'sonde.error.fingerprint': `v1:${i}`,
        'service.name': 'bench',
      });
    }
  }
  return { spans, logs, errors };
}

async function measure(name, count, look) {
  const times = [];
  for (let i = 0; i < count + 10; i++) {
    const start = performance.now();
    if (!(await look())) throw new Error(`${name} found nothing`);
    if (i >= 10) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(times.length * share)].toFixed(3);
  console.log(`${name.padEnd(13)} ${at(0.5)} ms median, ${at(0.99)} ms p99`);
}
