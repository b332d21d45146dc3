// Figures of the stack, on this machine: node test/stack/measure.mjs [minutes to fill Loki]
// Time to ready and memory of each server at rest and under 5,000 spans/s and 2,000 logs/s for a minute, then the time of a
// look-up by error ID among as many log lines as fit into the minutes given.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { mintErrorId } from '../../dist/errors/error-id.js';
import { lookupFromEnv } from '../../dist/stack/lookup/from-env.js';
import { servers } from './lib/build.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const fillMinutes = Number(process.argv[2] ?? 5);
const built = await servers();
if (built.reason) {
  process.stdout.write(`nothing measured: ${built.reason}\n`);
  process.exit(0);
}
const dir = mkdtempSync(join(tmpdir(), 'sonde-measure-'));
const children = new Map();
const say = (text) => process.stdout.write(`${text}\n`);

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a server; resolves to the milliseconds until it says that it is ready. */
async function start(name, args, env, readyUrl) {
  const began = performance.now();
  const child = spawn(built.paths[name], args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  children.set(name, child);
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Cannot start ${name}: it ended with ${child.exitCode}`);
    const ok = await fetch(readyUrl)
      .then((answer) => answer.arrayBuffer().then(() => answer.ok))
      .catch(() => false);
    if (ok) return performance.now() - began;
    await sleep(50);
  }
}

/** Resident memory in MB. */
const rss = (name) => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${children.get(name).pid}/status`, 'utf8'))?.[1]) / 1024);
const text = (value) => ({ stringValue: value });
const nano = (ms) => `${Math.floor(ms)}${String(Math.floor((ms % 1) * 1e6)).padStart(6, '0')}`;
const hex = (n) => Array.from({ length: n }, () => Math.floor(Math.random() * 16).toString(16)).join('');
const resource = {
  attributes: [
    { key: 'service.name', value: text('measure') },
    { key: 'telemetry.sdk.name', value: text('sonde') },
  ],
};

function spans(count) {
  const now = Date.now();
  const traceId = hex(32);
  const list = Array.from({ length: count }, (_, i) => ({
    traceId: i % 10 === 0 ? hex(32) : traceId,
    spanId: hex(16),
    name: `orders.step${i % 20}`,
    kind: 1,
    startTimeUnixNano: nano(now + i / count),
    endTimeUnixNano: nano(now + 5 + i / count),
    attributes: [{ key: 'order.id', value: text(`o-${i}`) }],
  }));
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'orders' }, spans: list }] }] });
}

/** `direct`: for Loki itself, with the index label that the collector gives. */
function logs(count, { errorId, direct = false } = {}) {
  const now = Date.now();
  const logRecords = Array.from({ length: count }, (_, i) => ({
    timeUnixNano: nano(now + i / count),
    severityNumber: 9,
    severityText: 'INFO',
    body: text(`order o-${Math.floor(now) % 1e6}-${i} placed for 5 seats in row ${i % 40}`),
    attributes: [{ key: 'order.id', value: text(`o-${i}`) }],
  }));
  // One line in a thousand is an error, as in a service that is not well.
  for (let i = 0; i < count; i += 1_000) {
    const id = i === 0 && errorId ? errorId : mintErrorId(now);
    Object.assign(logRecords[i], {
      severityNumber: 17,
      severityText: 'ERROR',
      eventName: 'exception',
      body: text(`Cannot charge\nError: Cannot charge\n    at charge (orders.ts:12:3)`),
      attributes: [
        { key: 'error.id', value: text(id) },
        { key: 'exception.type', value: text('Error') },
        { key: 'exception.message', value: text('Cannot charge') },
        { key: 'sonde.error.kind', value: text('bug') },
        { key: 'sonde.error.fingerprint', value: text('v1:0000000000000001') },
      ],
    });
  }
  if (direct) for (const record of logRecords) record.attributes.push({ key: 'obs_kind', value: text(record.severityNumber === 17 ? 'error' : 'log') });
  return JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'orders' }, logRecords }] }] });
}

async function post(url, body) {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await answer.arrayBuffer();
  return answer.ok;
}

async function linesInLoki(url) {
  const query = 'sum(count_over_time({service_name="measure"}[2h]))';
  const answer = await fetch(`${url}/loki/api/v1/query?${new URLSearchParams({ query })}`).then((response) => response.json());
  return Number(answer.data?.result?.[0]?.value?.[1] ?? 0);
}

try {
  const ports = await Promise.all(Array.from({ length: 10 }, freePort));
  const [otlp, grpc, health, prometheus, loki, lokiGrpc, alertmanager, tempo, tempoGrpc, tempoOtlp] = ports;
  const url = (port) => `http://127.0.0.1:${port}`;
  mkdirSync(join(dir, 'prometheus'));
  writeFileSync(join(dir, 'prometheus/prometheus.yml'), 'global: { scrape_interval: 15s }\nstorage: { tsdb: { out_of_order_time_window: 30m } }\n');
  const ready = new Map();
  ready.set(
    'prometheus',
    await start(
      'prometheus',
      [
        `--config.file=${dir}/prometheus/prometheus.yml`,
        `--storage.tsdb.path=${dir}/prometheus/data`,
        `--web.listen-address=127.0.0.1:${prometheus}`,
        '--web.enable-otlp-receiver',
        '--enable-feature=exemplar-storage',
      ],
      {},
      `${url(prometheus)}/-/ready`,
    ),
  );
  ready.set(
    'loki',
    await start(
      'loki',
      [
        `-config.file=${ROOT}collector/loki/loki.yaml`,
        '-config.expand-env=true',
        '-server.http-listen-address=127.0.0.1',
        '-server.grpc-listen-address=127.0.0.1',
        '-memberlist.bind-addr=127.0.0.1',
      ],
      {
        LOKI_ADDRESS: '127.0.0.1',
        LOKI_PORT: String(loki),
        LOKI_GRPC_PORT: String(lokiGrpc),
        LOKI_DATA: join(dir, 'loki'),
        LOKI_RULES: `${ROOT}collector/loki/rules`,
        ALERTMANAGER_URL: url(alertmanager),
      },
      `${url(loki)}/ready`,
    ),
  );
  if (built.paths.tempo)
    ready.set(
      'tempo',
      await start(
        'tempo',
        [`-config.file=${ROOT}collector/tempo/tempo.yaml`, '-config.expand-env=true'],
        {
          TEMPO_ADDRESS: '127.0.0.1',
          TEMPO_PORT: String(tempo),
          TEMPO_GRPC_PORT: String(tempoGrpc),
          TEMPO_OTLP: `127.0.0.1:${tempoOtlp}`,
          TEMPO_DATA: join(dir, 'tempo'),
          PROMETHEUS_URL: url(prometheus),
        },
        `${url(tempo)}/ready`,
      ),
    );
  writeFileSync(join(dir, 'alertmanager.yml'), 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n');
  ready.set(
    'alertmanager',
    await start(
      'alertmanager',
      [
        `--config.file=${dir}/alertmanager.yml`,
        `--storage.path=${dir}/alertmanager`,
        `--web.listen-address=127.0.0.1:${alertmanager}`,
        '--cluster.listen-address=',
      ],
      {},
      `${url(alertmanager)}/-/ready`,
    ),
  );
  ready.set(
    'otelcol',
    await start(
      'otelcol',
      [`--config=${ROOT}collector/config.yaml`],
      {
        OTELCOL_HEALTH: `127.0.0.1:${health}`,
        OTELCOL_GRPC: `127.0.0.1:${grpc}`,
        OTELCOL_HTTP: `127.0.0.1:${otlp}`,
        OTELCOL_QUEUE_DIR: join(dir, 'queue'),
        TEMPO_OTLP_URL: url(tempoOtlp),
        LOKI_OTLP_URL: `${url(loki)}/otlp`,
        PROMETHEUS_OTLP_URL: `${url(prometheus)}/api/v1/otlp`,
      },
      url(health),
    ),
  );
  await sleep(10_000);
  const rest = new Map([...children.keys()].map((name) => [name, rss(name)]));

  const most = new Map(rest);
  let sentSpans = 0;
  let sentLogs = 0;
  const began = performance.now();
  for (let second = 0; second < 60; second++) {
    for (let i = 0; i < 5; i++) if (await post(`${url(otlp)}/v1/traces`, spans(1_000))) sentSpans += 1_000;
    for (let i = 0; i < 2; i++) if (await post(`${url(otlp)}/v1/logs`, logs(1_000))) sentLogs += 1_000;
    for (const name of children.keys()) most.set(name, Math.max(most.get(name), rss(name)));
    await sleep(Math.max(0, began + (second + 1) * 1_000 - performance.now()));
  }
  const seconds = (performance.now() - began) / 1_000;
  say('server         ready after   memory at rest   under load (most)');
  for (const [name, ms] of ready)
    say(`${name.padEnd(14)} ${`${(ms / 1_000).toFixed(1)} s`.padStart(11)} ${`${rest.get(name)} MB`.padStart(16)} ${`${most.get(name)} MB`.padStart(19)}`);
  say(`load: ${Math.round(sentSpans / seconds)} spans/s and ${Math.round(sentLogs / seconds)} logs/s for ${Math.round(seconds)} s`);

  const until = performance.now() + fillMinutes * 60_000;
  const wanted = mintErrorId(Date.now());
  await post(`${url(otlp)}/v1/logs`, logs(1_000, { errorId: wanted }));
  let sent = sentLogs + 1_000;
  while (performance.now() < until)
    if (await post(`${url(loki)}/otlp/v1/logs`, logs(5_000, { direct: true }))) sent += 5_000;
    else await sleep(500);
  const lookup = lookupFromEnv({ SONDE_LOKI_URL: url(loki) });
  const times = [];
  for (let i = 0; i < 11; i++) {
    const from = performance.now();
    const found = await lookup.error(wanted);
    times.push(performance.now() - from);
    if (found?.['error.id'] !== wanted) throw new Error(`Cannot find ${wanted} in Loki`);
  }
  const sorted = [...times].sort((a, b) => a - b);
  say(
    `look-up by error ID: first ${times[0].toFixed(0)} ms, median ${sorted[5].toFixed(0)} ms of 11; ${sent} lines sent, ${await linesInLoki(url(loki))} in Loki`,
  );
} finally {
  await Promise.all(
    [...children.values()].map((child) => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      return child.exitCode === null ? gone : undefined;
    }),
  );
  rmSync(dir, { recursive: true, force: true });
}
