import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

interface Printed {
  readonly spans: {
    readonly name: string;
    readonly parent: string | null;
    readonly kind: number;
    readonly library: string;
    readonly trace: string;
    readonly attributes: Record<string, unknown>;
  }[];
  readonly [key: string]: unknown;
}

async function run(fixture: string): Promise<Printed> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    '--no-warnings',
    new URL(`fixtures/interop/${fixture}.cjs`, import.meta.url).pathname,
  ]);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Printed;
}

const SERVER = 1;
const CLIENT = 2;

// Each program uses the real packages, in a process of its own, as an application does.
describe('instrumentations of OpenTelemetry run on our engine, their spans among ours', () => {
  it('http: out, over the wire, and in', async () => {
    const { spans } = await run('http');
    expect(spans.map(({ name, parent, kind }) => [name, parent, kind])).toEqual(
      expect.arrayContaining([
        ['inside', 'handle', 0],
        ['handle', 'GET', 0],
        ['GET', 'GET', SERVER],
        ['GET', 'call', CLIENT],
        ['call', null, 0],
      ]),
    );
    expect(spans).toHaveLength(5);
    expect(new Set(spans.map(({ trace }) => trace)).size).toBe(1);
    expect(spans.filter(({ kind }) => kind !== 0).every(({ library }) => library === '@opentelemetry/instrumentation-http')).toBe(true);
  });

  it('undici: a fetch below a traced function carries its trace', async () => {
    const { spans, received } = await run('undici');
    expect(spans.map(({ name, parent, kind }) => [name, parent, kind])).toEqual([
      ['GET', 'call', CLIENT],
      ['call', null, 0],
    ]);
    expect(received).toEqual([expect.stringMatching(new RegExp(`^00-${spans[0]?.trace}-[0-9a-f]{16}-03$`))]);
  });

  it('express: middleware, handler, and the traced function in it', async () => {
    const { spans } = await run('express');
    const request = spans.find(({ kind }) => kind === SERVER);
    expect(request).toMatchObject({ name: 'GET /orders/:id', parent: null });
    expect(spans.find(({ name }) => name === 'orders.find')?.trace).toBe(request?.trace);
    const handler = spans.find(({ name }) => name.startsWith('request handler'));
    expect(handler).toMatchObject({ parent: 'GET /orders/:id', attributes: { 'http.route': '/orders/:id' } });
    expect(spans.filter(({ library }) => library === '@opentelemetry/instrumentation-express').length).toBeGreaterThanOrEqual(2);
  });

  it('fastify: the handler, and the traced function in it', async () => {
    const { spans } = await run('fastify');
    const request = spans.find(({ kind }) => kind === SERVER);
    expect(request).toMatchObject({ name: 'GET /orders/:id', parent: null });
    const handler = spans.find(({ library }) => library === '@opentelemetry/instrumentation-fastify');
    expect(handler).toMatchObject({ parent: 'GET /orders/:id' });
    expect(spans.find(({ name }) => name === 'orders.find')).toMatchObject({ parent: handler?.name, trace: request?.trace });
  });

  it('pino: lines of the application carry the IDs of the traced call', async () => {
    const { lines, ids } = await run('pino');
    expect(lines).toEqual([
      { level: 30, msg: 'outside' },
      { level: 30, msg: 'inside', trace_id: (ids as string[][])[0]?.[0], span_id: (ids as string[][])[0]?.[1], trace_flags: '03' },
    ]);
  });
});
