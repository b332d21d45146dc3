import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeBuggy, placeDeclined, placeOne } from '../../examples/checkout/src/demo/drive.ts';
import { buildExample, type Example, startExample } from '../examples/services.ts';
import { PATHS } from './lib/paths.ts';
import { eventually, PATIENCE_MS } from './lib/process.ts';
import { ROOT, type Stack, startStack } from './lib/stack.ts';

interface Target {
  readonly expr?: string;
  readonly query?: string;
  readonly instant?: boolean;
  readonly queryType?: string;
  readonly datasource: { readonly type: 'prometheus' | 'loki' | 'tempo' };
}
interface Panel {
  readonly title: string;
  readonly targets?: readonly Target[];
}

/** Panels that may stay empty here, and why. */
const MAY_BE_EMPTY: readonly (readonly [panels: RegExp, reason: string])[] = [
  [/^Suspected leaks$/, 'the example has no leak'],
  [/^(?:Loki discards.*|Tempo discards.*|Refused for good.*|Dropped a second.*|Notifications failed.*)$/, 'nothing fails'],
  [/^Other lines with the same ID$/, 'the example logs no line about its errors'],
];

const dir = mkdtempSync(join(tmpdir(), 'sonde-dashboards-'));
let stack: Stack;
let example: Example;
let driving = true;
let driver: Promise<void>;
const values: Record<string, string> = {};

beforeAll(async () => {
  await buildExample();
  stack = await startStack(PATHS);
  example = await startExample({
    OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl,
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    SONDE_DIR: join(dir, 'sonde'),
    CHECKOUT_DIR: dir,
    SONDE_ENVIRONMENT: 'production',
  });
  values.id = (await placeBuggy(example.app)).errorId as string;
  await fetch(`${example.admin}/log/level?logger=orders&level=debug&ttl=10m`, { method: 'PUT' });
  driver = (async () => {
    while (driving) {
      const { body } = await placeOne(example.app);
      await (await fetch(`${example.app}/orders/${(JSON.parse(body) as { id: string }).id}`)).text();
      await placeDeclined(example.app);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
});
afterAll(async () => {
  driving = false;
  await driver;
  await example?.stop();
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** As Grafana does: what is chosen, and the window of a panel of an hour. */
function filled(text: string): string {
  const built = { service: '.+', environment: '.*', function: '.+', logger: '.*', __rate_interval: '1m', __range: '1h', __auto: '1m', ...values };
  return text.replaceAll(/\$\{?(\w+)\}?/g, (whole, name: string) => (built as Record<string, string>)[name] ?? whole);
}

async function ask(url: string, params: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${url}?${new URLSearchParams(params)}`);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

/** How many series, lines or traces a target has now. An error of the server is thrown. */
async function rowsOf({ expr, query, instant, queryType, datasource }: Target): Promise<number> {
  const text = filled(expr ?? query ?? '');
  const now = Date.now() / 1_000;
  const range = { start: String(now - 3_600), end: String(now) };
  if (datasource.type === 'tempo') {
    if (/^[0-9a-f]{32}$/.test(text)) return ((await ask(`${stack.tempoUrl}/api/traces/${text}`, {})) as { batches: unknown[] }).batches.length;
    return (
      (await ask(`${stack.tempoUrl}/api/search`, { q: text, start: String(Math.floor(now - 3_600)), end: String(Math.ceil(now)) })) as { traces: unknown[] }
    ).traces.length;
  }
  const isInstant = instant === true || queryType === 'instant';
  const base = datasource.type === 'loki' ? `${stack.lokiUrl}/loki/api/v1` : `${stack.prometheusUrl}/api/v1`;
  const answer = (await (isInstant
    ? ask(`${base}/query`, { query: text, time: String(now) })
    : ask(`${base}/query_range`, { query: text, ...range, step: '60' }))) as { data: { result: unknown[] } };
  return answer.data.result.length;
}

const dashboards = readdirSync(join(ROOT, 'grafana/dashboards')).map((file) => {
  const { title, panels } = JSON.parse(readFileSync(join(ROOT, 'grafana/dashboards', file), 'utf8')) as { title: string; panels: Panel[] };
  return { title, panels: panels.filter((panel) => (panel.targets ?? []).length > 0) };
});

describe('every query of every panel, asked of the real servers', () => {
  beforeAll(async () => {
    values.trace = await eventually('the record of the error in Loki', PATIENCE_MS, async () => {
      const answer = (await ask(`${stack.lokiUrl}/loki/api/v1/query_range`, { query: filled('{obs_kind="error"} | error_id="$id"') })) as {
        data: { result: { stream: { trace_id: string } }[] };
      };
      return answer.data.result[0]?.stream.trace_id;
    });
  });

  it('there are ten dashboards', () => {
    expect(dashboards).toHaveLength(10);
  });

  for (const { title, panels } of dashboards) {
    it(title, async () => {
      const wrong: string[] = [];
      for (const panel of panels) {
        const targets = (panel.targets ?? []).filter((target) => target.datasource.type !== 'tempo' || PATHS.tempo);
        const mayBeEmpty = targets.length === 0 || MAY_BE_EMPTY.some(([panels]) => panels.test(panel.title));
        try {
          const all = async (): Promise<number> => (await Promise.all(targets.map(rowsOf))).reduce((sum, count) => sum + count, 0);
          if (mayBeEmpty) await all();
          else {
            await eventually(`data of "${panel.title}"`, PATIENCE_MS, async () => ((await all()) > 0 ? true : undefined));
          }
        } catch (error) {
          wrong.push(`${panel.title}: ${(error as Error).message}`);
        }
      }
      expect(wrong).toEqual([]);
    });
  }
});
