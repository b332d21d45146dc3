import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { objectivesOf } from '../../../src/stack/slo/from-metrics.ts';
import { findingLine } from '../../../src/stack/verify/finding.ts';
import { verifyStack } from '../../../src/stack/verify/verify.ts';
import { cli } from '../cli/run-cli.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = `# TYPE sonde_slo_objective_ratio gauge
sonde_slo_objective_ratio{function="Orders.place",module="src/orders"} 0.999
sonde_slo_objective_ratio{function="say \\"hi\\"",module="m"} 0.9
sonde_slo_latency_seconds{function="Orders.place",module="src/orders"} 0.3
sonde_slo_route_objective_ratio{http_request_method="POST",http_route="/orders/:id"} 0.99
sonde_slo_route_latency_seconds{http_request_method="POST",http_route="/orders/:id"} 2.5
`;

it('reads what a running process promises off its page of metrics', () => {
  expect(objectivesOf(PAGE)).toEqual([
    { function: 'Orders.place', module: 'src/orders', objective: 0.999, latency: '300ms' },
    { function: 'say "hi"', module: 'm', objective: 0.9 },
    { route: 'POST /orders/:id', objective: 0.99, latency: '2500ms' },
  ]);
  expect(objectivesOf('function_calls_total{function="x"} 1\n')).toEqual([]);
});

describe('sonde stack generate', () => {
  let dir: string;
  let server: Server | undefined;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'sonde-slo-'));
    for (const path of ['docker-compose.yml', 'collector', 'grafana']) cpSync(join(ROOT, path), join(dir, path), { recursive: true });
  });
  afterEach(() => {
    server?.close();
    server = undefined;
    rmSync(dir, { recursive: true, force: true });
  });

  function declare(text: string, name = 'shop'): void {
    mkdirSync(join(dir, 'collector/slo'), { recursive: true });
    writeFileSync(join(dir, `collector/slo/${name}.yml`), text);
  }

  /** A process that answers with this service and these metrics. */
  async function process_(service: string, page: string): Promise<string> {
    const running = createServer((req, res) => res.end(req.url === '/metrics' ? page : JSON.stringify({ service })));
    server = running;
    await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(running.address() as AddressInfo).port}`;
  }

  const rules = (): string => readFileSync(join(dir, 'collector/prometheus/rules/slo-shop.yml'), 'utf8');

  it('writes the rules of what is declared, which verify then finds in order', async () => {
    declare(
      'service: shop\nobjectives:\n  - { function: pay, module: cart, objective: 0.999, latency: 300ms }\n  - { route: GET /carts/:id, objective: 0.9 }\n',
    );
    expect(await cli(['stack', 'generate', '--root', dir])).toMatchObject({ exit: 0 });
    expect(rules()).toContain('(sonde:function_error_ratio:rate1h{service_name="shop",function="pay",module="cart"} > 0.0144)');
    expect(rules()).toContain('(rate(function_calls_duration_seconds_bucket{service_name="shop",function="pay",module="cart"}[10m]))) > 0.3');
    // 14.4 times a tenth is more than there is.
    expect(rules()).toContain('(sonde:route_error_ratio:rate1h{service_name="shop",http_request_method="GET",http_route="/carts/:id"} > 0.9)');
    expect(rules()).toContain('record: sonde:slo_budget_left:ratio30d');
    expect(rules()).not.toContain('http_server_request_duration_seconds_bucket');
    expect(verifyStack(dir).findings.map(findingLine)).toEqual([]);
  });

  it('takes them away when they are no longer declared, and verify says so before', async () => {
    declare('service: shop\nobjectives: [{ function: pay, module: cart, objective: 0.999 }]\n');
    await cli(['stack', 'generate', '--root', dir]);
    rmSync(join(dir, 'collector/slo'), { recursive: true });
    expect(verifyStack(dir).findings.map(findingLine)).toEqual([
      'collector/prometheus/rules/slo-shop.yml: is of an objective that is no longer declared; run `sonde stack generate`',
      'collector/prometheus/tests/slo-shop.yml: is of an objective that is no longer declared; run `sonde stack generate`',
    ]);
    expect((await cli(['stack', 'generate', '--root', dir])).out).toMatch(/, 2 removed\n$/);
    expect(existsSync(join(dir, 'collector/prometheus/rules/slo-shop.yml'))).toBe(false);
  });

  it('declares what a running process promises', async () => {
    const url = await process_('shop', PAGE.replace('say \\"hi\\"', 'say'));
    const { exit, out } = await cli(['stack', 'generate', '--root', dir, '--url', url]);
    expect([exit, out.split('\n')[0]]).toEqual([0, 'collector/slo/shop.yml: 3 objectives of shop']);
    expect(readFileSync(join(dir, 'collector/slo/shop.yml'), 'utf8')).toContain(
      '- function: Orders.place\n    module: src/orders\n    objective: 0.999\n    latency: 300ms\n',
    );
    expect(rules()).toContain('SloRouteLatency');
    expect(verifyStack(dir).findings.map(findingLine)).toEqual([]);
  });

  it.each([
    ['promises nothing', 'shop', '', 1, /^sonde: shop declares no objective; add traced/],
    ['has a name that is none for a file', '../../etc/shop', PAGE, 2, /^sonde: Cannot declare what "\.\.\/\.\.\/etc\/shop" promises: service: /],
    ['names a function with quotes', 'shop', PAGE, 2, /^sonde: Cannot declare what "shop" promises: objectives\.1\.function: /],
  ])('says so where a process %s, and writes nothing', async (_what, service, page, exit, message) => {
    const url = await process_(service, page);
    const run = await cli(['stack', 'generate', '--root', dir, '--url', url]);
    expect(run).toMatchObject({ exit, err: expect.stringMatching(message) });
    expect(run.err.trimEnd()).not.toContain('\n');
    expect(existsSync(join(dir, 'collector/slo'))).toBe(false);
  });

  it.each([
    [
      'service: shop\nobjectives:\n  - { function: pay, module: cart, objective: 99.9 }\n',
      'collector/slo/shop.yml:3: objectives.0.objective: a share between 0 and 1',
    ],
    [
      'service: shop\nobjectives:\n  - { function: pay, modul: cart, objective: 0.9 }\n',
      'collector/slo/shop.yml:3: objectives.0.modul: "modul" is no key here; did you mean "module"?',
    ],
    [
      'service: shop\nobjectives:\n  - { route: /pay, objective: 0.9 }\n',
      'collector/slo/shop.yml:3: objectives.0.route: "/pay" is not what it should be: a method and a route',
    ],
    ['service: shop\nobjectives:\n  - { route: GET /, objective: 0.9, latency: 300 }\n', 'collector/slo/shop.yml:3: objectives.0.latency: '],
    [
      'service: other\nobjectives:\n  - { route: GET /, objective: 0.9 }\n',
      'collector/slo/shop.yml:1: declares "other"; expected the file to be named after it',
    ],
  ])('names the place of what is declared wrong: %s', async (text, message) => {
    declare(text);
    expect(await cli(['stack', 'generate', '--root', dir])).toMatchObject({ exit: 2, err: expect.stringContaining(message) });
    expect(verifyStack(dir).findings.map(findingLine)).toContainEqual(expect.stringContaining(message));
  });
});
