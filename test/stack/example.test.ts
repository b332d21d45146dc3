import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeBuggy, placeDeclined, placeOne, type Seen } from '../../examples/checkout/src/demo/drive.ts';
import { buildExample, type Example, startExample } from '../examples/services.ts';
import { PATHS } from './lib/paths.ts';
import { eventually, PATIENCE_MS } from './lib/process.ts';
import { ROOT, type Stack, startStack } from './lib/stack.ts';

const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'sonde-example-'));
let stack: Stack;
let example: Example;
let known: Seen;
let bug: Seen;

beforeAll(async () => {
  await buildExample();
  stack = await startStack(PATHS);
  example = await startExample({ OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl, SONDE_DIR: join(dir, 'sonde'), CHECKOUT_DIR: dir, SONDE_ENVIRONMENT: 'test' });
  for (let i = 0; i < 20; i++) await placeOne(example.app);
  known = await placeDeclined(example.app);
  bug = await placeBuggy(example.app);
});
afterAll(async () => {
  await example?.stop();
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function sonde(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, SONDE_LOKI_URL: stack.lokiUrl, ...(stack.tempo ? { SONDE_TEMPO_URL: stack.tempoUrl } : {}) };
  try {
    const { stdout, stderr } = await run(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args], { env, cwd: dir });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const failed = error as { code: number; stdout: string; stderr: string };
    return { code: failed.code, out: failed.stdout, err: failed.stderr };
  }
}

describe('an error of the example, looked up on the servers', () => {
  it.each([
    ['known', 'Your card was declined.', 'CardDeclined: Cannot charge order', 'Caused by: Error: POST '],
    ['bug', 'Something unexpected happened.', 'Error: Cannot price 5 seats', "Caused by: TypeError: Cannot read properties of undefined (reading 'percent')"],
  ])('%s: the ID in the response leads to the record in Loki', async (which, userSaw, header, cause) => {
    const id = (which === 'known' ? known : bug).errorId as string;
    const found = await eventually(`${id} in Loki`, PATIENCE_MS, async () => {
      const answer = await sonde('error', id.toLowerCase().replaceAll('-', ''));
      return answer.code === 0 ? answer.out : undefined;
    });
    expect(found).toContain(id);
    expect(found).toContain(`User saw  ${userSaw}`);
    expect(found).toContain(header);
    expect(found).toContain(cause);
    expect(found).toMatch(/examples\/checkout\/src\/[\w-]+\.ts:\d+/);
    expect(found).toContain('Release   checkout 1.4.2');
  });

  it.runIf(PATHS.tempo)('its trace is in Tempo, with the spans of both services', async () => {
    const id = known.errorId as string;
    const found = await eventually('the trace in Tempo', PATIENCE_MS, async () => {
      const { out } = await sonde('error', id);
      return out.includes('payments.authorise [payments]') ? out : undefined;
    });
    expect(found).toMatch(/Trace [0-9a-f]{32}, 8 spans/);
    expect(found).toContain('the issuer declined the card');
  });

  it('errors, logs: lists and pages as the store does', async () => {
    const first = JSON.parse((await sonde('errors', '--limit', '1', '--json')).out) as { errors: { 'error.id': string }[]; next: string };
    expect(first.errors.map((item) => item['error.id'])).toEqual([bug.errorId]);
    const second = JSON.parse((await sonde('errors', '--limit', '1', '--after', first.next, '--json')).out) as { errors: { 'error.id': string }[] };
    expect(second.errors.map((item) => item['error.id'])).toEqual([known.errorId]);
    const groups = await sonde('errors', '--group');
    expect(groups.out).toContain('orders/card-declined');
    const logs = await sonde('logs', '--logger', 'orders', '--limit', '3', '--json');
    expect((JSON.parse(logs.out) as { logs: { message: string }[] }).logs.map((item) => item.message)).toEqual([
      'order placed',
      'order placed',
      'order placed',
    ]);
  });

  it('an unknown ID is not found (1); a server that is away is said (3)', async () => {
    expect(await sonde('error', '0000-0000-0000-0000')).toMatchObject({ code: 1 });
    const away = await run(process.execPath, [join(ROOT, 'dist/cli/main.js'), 'error', known.errorId as string], {
      env: { ...process.env, SONDE_LOKI_URL: 'http://127.0.0.1:4' },
    }).catch((error: { code: number; stderr: string }) => error);
    expect(away).toMatchObject({ code: 3, stderr: expect.stringMatching(/^sonde: Cannot reach Loki at http:\/\/127\.0\.0\.1:4: ECONNREFUSED\n$/) });
  });
});

describe('sonde stack replay', () => {
  it('brings what an embedded store holds into the stack: the same ID is found there', async () => {
    const local = join(dir, 'local');
    const alone = await startExample({ SONDE_DIR: local, CHECKOUT_DIR: dir, OTEL_SERVICE_NAME: '' });
    const seen = await placeDeclined(alone.app);
    await alone.stop();
    const id = seen.errorId as string;
    expect(await sonde('error', id)).toMatchObject({ code: 1 });
    const replayed = await sonde('--dir', local, 'stack', 'replay', '--to', stack.otlpUrl);
    expect(replayed.out).toMatch(/^\d+ spans, \d+ log lines and 1 errors sent to http/);
    const found = await eventually(`${id} in Loki`, PATIENCE_MS, async () => {
      const answer = await sonde('error', id);
      return answer.code === 0 ? answer.out : undefined;
    });
    const here = await sonde('--dir', local, 'error', id);
    const stackOf = (text: string): string => text.slice(text.indexOf('\nStack\n'), text.indexOf('\nContext\n'));
    expect(stackOf(found)).toBe(stackOf(here.out));
    // How often and how long ago depends on where and when one looks; everything else is the same.
    const headOf = (text: string): string => text.slice(0, text.indexOf('\nStack\n')).replaceAll(/ \((?:.*ago|just now)\)|^(Group +\S+),.*$/gm, '$1');
    expect(headOf(found)).toBe(headOf(here.out));
  });
});
