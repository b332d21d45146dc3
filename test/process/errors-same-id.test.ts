import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLookup } from '../../dist/store/open-lookup.js';

const PROGRAM = fileURLToPath(new URL('fixtures/errors/same-id.mjs', import.meta.url));
const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const WAYS = ['layers', 'frozen', 'text', 'wrapped', 'reported'] as const;

describe.each(['express', 'fastify'])('one failure has one ID everywhere: %s', (framework) => {
  let dir: string;
  let stdout = '';
  const shown = new Map<string, { id: string; body: Record<string, unknown> }>();

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sonde-same-id-'));
    const child = fork(PROGRAM, [framework], { env: { ...process.env, SONDE_DIR: dir }, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    const closed = once(child, 'close');
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    for (const way of WAYS) {
      const response = await fetch(`http://127.0.0.1:${port}/orders/${way}`);
      shown.set(way, { id: response.headers.get('x-error-id') as string, body: (await response.json()) as Record<string, unknown> });
    }
    child.send('stop');
    await closed;
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each(WAYS)('%s', async (way) => {
    const { id, body } = shown.get(way) as NonNullable<ReturnType<typeof shown.get>>;
    expect(id).toMatch(/^\w{4}-\w{4}-\w{4}-\w{4}$/);
    expect(body['errorId']).toBe(id);
    expect(body['detail']).toContain(id);
    // The log line: found by a plain search for what the user was shown.
    const lines = stdout.split('\n').filter((line) => line.includes(id));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ 'error.id': id, level: 'error' });
    // The store, and the span of the request.
    const lookup = openLookup(dir);
    const record = await lookup.error(id);
    const trace = await lookup.trace(record?.trace_id as string);
    await lookup.close();
    expect(record).toMatchObject({ 'error.id': id, 'http.route': '/orders/:way', 'http.request.method': 'GET' });
    const server = trace?.spans.find((span) => span.kind === 1);
    expect(server?.name).toBe('GET /orders/:way');
    expect(trace?.spans.filter((span) => span.attributes['error.id'] === id).length).toBeGreaterThanOrEqual(1);
    expect(trace?.spans.map((span) => span.name).toSorted()).toEqual(['GET /orders/:way', 'db.query', 'orders.load', 'orders.place']);
    // The command line, with the ID as people type it.
    const typed = id.toLowerCase().replaceAll('-', '').replaceAll('0', 'o').replaceAll('1', 'l');
    const { stdout: told } = await promisify(execFile)(process.execPath, [CLI, 'error', typed, '--json', '--dir', dir]);
    expect((JSON.parse(told) as { error: Record<string, unknown> }).error['error.id']).toBe(id);
  });

  it('no other ID was minted', () => {
    const ids = new Set([...stdout.matchAll(/"error\.id":"([^"]+)"/g)].map((match) => match[1]));
    expect([...ids].toSorted()).toEqual([...shown.values()].map(({ id }) => id).toSorted());
  });
});
