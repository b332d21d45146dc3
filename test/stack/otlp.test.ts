import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALERT_GROUPS } from '../../src/stack/alerts/groups.ts';
import { PATHS } from './lib/paths.ts';
import { eventually, PATIENCE_MS } from './lib/process.ts';
import { type Stack, startStack } from './lib/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack(PATHS);
});
afterAll(() => stack?.stop());

interface Line {
  readonly service: string;
  readonly environment?: string;
  readonly ageSeconds: number;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

async function sendLogs(lines: readonly Line[]): Promise<void> {
  const string = (value: string): unknown => ({ stringValue: value });
  const bySource = new Map<string, Line[]>();
  for (const line of lines) {
    const source = JSON.stringify([line.service, line.environment]);
    const group = bySource.get(source);
    if (group) group.push(line);
    else bySource.set(source, [line]);
  }
  const resourceLogs = [...bySource.values()].map((group) => ({
    resource: {
      attributes: [
        { key: 'service.name', value: string(group[0]?.service ?? '') },
        ...(group[0]?.environment === undefined ? [] : [{ key: 'deployment.environment.name', value: string(group[0].environment) }]),
      ],
    },
    scopeLogs: [
      {
        scope: { name: 'orders' },
        logRecords: group.map(({ ageSeconds, body, attributes }) => ({
          timeUnixNano: `${Math.round(Date.now() - ageSeconds * 1_000)}000000`,
          severityNumber: Number(attributes.severity_number ?? 17),
          body: string(body),
          attributes: Object.entries(attributes)
            .filter(([key]) => key !== 'severity_number' && key !== 'obs_kind')
            .map(([key, value]) => ({ key, value: string(value) })),
        })),
      },
    ],
  }));
  const response = await fetch(`${stack.otlpUrl}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs }),
  });
  expect(response.status).toBe(200);
}

interface LokiAnswer {
  readonly data: {
    readonly result: readonly { readonly metric?: Record<string, string>; readonly stream?: Record<string, string>; readonly values?: [string, string][] }[];
  };
}

async function loki(path: string, params: Record<string, string>): Promise<LokiAnswer['data']['result']> {
  const response = await fetch(`${stack.lokiUrl}/loki/api/v1/${path}?${new URLSearchParams(params)}`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return (JSON.parse(text) as LokiAnswer).data.result;
}

describe('what the collector makes of a record', () => {
  it('an exception of another SDK carries its stack in the body and its kind as the index label', async () => {
    const stack_ = 'TypeError: boom\n    at place (orders.ts:12:3)';
    await sendLogs([
      {
        service: 'shop',
        ageSeconds: 1,
        body: 'failed',
        attributes: { 'exception.type': 'TypeError', 'exception.message': 'boom', 'exception.stacktrace': stack_, 'error.id': '7X2K-9QD4-MB3H-TRVG' },
      },
    ]);
    const found = await eventually(
      'the record in Loki',
      PATIENCE_MS,
      async () => (await loki('query_range', { query: '{obs_kind="error"} | error_id="7X2K-9QD4-MB3H-TRVG"' }))[0],
    );
    expect(found.values?.[0]?.[1]).toBe(`boom\n${stack_}`);
    expect(found.stream).toMatchObject({ service_name: 'shop', obs_kind: 'error', exception_type: 'TypeError' });
    expect(found.stream).not.toHaveProperty('exception_stacktrace');
  });
});

describe('what others might lose', () => {
  const count = async (service: string): Promise<number> => {
    const [found] = await loki('query', { query: `sum(count_over_time({service_name="${service}"} [7d]))` });
    return Number((found as { value?: [number, string] } | undefined)?.value?.[1] ?? 0);
  };
  const counted = (service: string, lines: number) =>
    eventually(`${lines} lines of ${service}`, PATIENCE_MS, async () => ((await count(service)) >= lines ? lines : undefined));

  it('a batch as large as the collector makes them is taken', async () => {
    // 5 MB in one request: the collector cuts it to batches of 4 MB, which are more as Loki writes them.
    const lines = Array.from({ length: 12_000 }, (_, n) => ({ service: 'bulk', ageSeconds: 1, body: `${n} ${'x'.repeat(400)}`, attributes: { n: String(n) } }));
    await sendLogs(lines);
    expect(await counted('bulk', lines.length)).toBe(lines.length);
  });

  it('a record with more attributes, or larger ones, than Loki takes by default', async () => {
    const many = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`a${n}`, 'v']));
    const large = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`a${n}`, 'v'.repeat(9_000)]));
    await sendLogs([
      { service: 'wide', ageSeconds: 1, body: 'many', attributes: { ...many, 'exception.type': 'Error', 'error.id': '7X2K-9QD4-MB3H-TRVG' } },
      { service: 'wide', ageSeconds: 1, body: 'large', attributes: large },
    ]);
    expect(await counted('wide', 2)).toBe(2);
    expect(await loki('query_range', { query: '{service_name="wide", obs_kind="error"} | error_id="7X2K-9QD4-MB3H-TRVG"' })).toHaveLength(1);
  });

  it('lines of a spool or a replay, days behind what has come already', async () => {
    const line = (ageSeconds: number) => ({ service: 'late', ageSeconds, body: `${ageSeconds} s old`, attributes: {} });
    await sendLogs([line(0)]);
    await counted('late', 1);
    await sendLogs([line(2 * 3_600), line(26 * 3_600), line(6 * 86_400)]);
    expect(await counted('late', 4)).toBe(4);
  });
});

describe('every LogQL alert', () => {
  const alerts = ALERT_GROUPS.flatMap((group) => group.alerts).filter((alert) => alert.language === 'logql');

  it.each(alerts.map((alert) => [alert.name, alert] as const))('%s fires where it must and is silent where it must be', async (name, alert) => {
    const services = { fires: `${name.toLowerCase()}-fires`, silent: `${name.toLowerCase()}-silent` };
    for (const kind of ['fires', 'silent'] as const) {
      const lines = (alert.test[kind]?.logs ?? []).map((line) => ({ ...line, service: services[kind] }));
      await sendLogs([...lines].sort((a, b) => b.ageSeconds - a.ageSeconds));
    }
    const expr = alert.expr;
    const ask = async (service: string) => (await loki('query', { query: expr })).filter((series) => series.metric?.service_name === service);
    const fired = await eventually(`${name} for ${services.fires}`, PATIENCE_MS, async () => {
      const series = await ask(services.fires);
      return series.length > 0 ? series : undefined;
    });
    expect(fired).toHaveLength(1);
    expect(fired[0]?.metric).toEqual({ ...alert.test.fires.labels, service_name: services.fires });
    await eventually('the silent lines in Loki', PATIENCE_MS, async () =>
      (await loki('query_range', { query: `{service_name="${services.silent}"}` })).length > 0 ? true : undefined,
    );
    expect(await ask(services.silent)).toEqual([]);
  });

  it('NewErrorFingerprint finds one among more fingerprints of a week than Loki gives series by default', async () => {
    const service = 'many-bugs';
    const bug = (fingerprint: string, ageSeconds: number): Line => ({
      service,
      ageSeconds,
      body: 'boom',
      attributes: { 'exception.type': 'Error', 'error.type': 'Error', 'sonde.error.kind': 'bug', 'sonde.error.fingerprint': fingerprint },
    });
    await sendLogs([...Array.from({ length: 700 }, (_, n) => bug(`v1:old${n}`, 3_600 + n)), bug('v1:new', 1)]);
    const { expr } = alerts.find(({ name }) => name === 'NewErrorFingerprint') as (typeof alerts)[number];
    const found = await eventually('the new fingerprint', PATIENCE_MS, async () => {
      const known = await loki('query', { query: `count(sum by (sonde_error_fingerprint) (count_over_time({service_name="${service}"} [2h])))` });
      return (known[0] as { value?: [number, string] } | undefined)?.value?.[1] === '701' ? loki('query', { query: expr }) : undefined;
    });
    expect(found.filter(({ metric }) => metric?.service_name === service).map(({ metric }) => metric?.sonde_error_fingerprint)).toEqual(['v1:new']);
  });

  it.each([
    ['production', 'page'],
    ['staging', 'chat'],
  ])('of %s reaches %s through the ruler and Alertmanager, and nobody else', async (environment, to) => {
    const service = `webhook-${environment}`;
    const attributes = { 'exception.type': 'Error', 'error.type': 'Error', severity_number: '21' };
    await sendLogs([{ service, environment, ageSeconds: 0, body: 'out', attributes }]);
    const of = () => stack.notified.filter((seen) => seen.labels.alertname === 'FatalError' && seen.labels.service_name === service);
    const alert = await eventually('the alert at the webhook', PATIENCE_MS, async () => of()[0]);
    expect(alert).toMatchObject({
      status: 'firing',
      labels: { severity: 'page', error_type: 'Error', deployment_environment_name: environment },
      annotations: { summary: `${service} died of Error` },
    });
    expect(new Set(of().map((seen) => seen.to))).toEqual(new Set([to]));
  });
});
