import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';

interface OtlpSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}
interface OtlpBody {
  readonly resourceSpans: {
    readonly resource: { readonly attributes: OtlpSpan['attributes'] };
    readonly scopeSpans: { readonly scope: { readonly name: string }; readonly spans: OtlpSpan[] }[];
  }[];
}

const folder = mkdtempSync(join(tmpdir(), 'sonde-sdk-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the engine on the SDK sends by the SDK what ours would: names, parents, failures, bound values', async () => {
  const bodies: OtlpBody[] = [];
  const keys = new Set<unknown>();
  const receiver = createServer(async (request, response) => {
    if (request.url === '/v1/traces') {
      keys.add(request.headers['x-key']);
      bodies.push((await json(request)) as OtlpBody);
    } else request.resume();
    response.setHeader('content-type', 'application/json').end('{}');
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const { stderr } = await promisify(execFile)(process.execPath, [
    '--no-warnings',
    new URL('fixtures/interop/sdk-engine.mjs', import.meta.url).pathname,
    endpoint,
    folder,
  ]);
  receiver.close();
  receiver.closeAllConnections();

  expect(stderr).toBe('');
  const resources = bodies.flatMap((body) => body.resourceSpans);
  expect(resources[0]?.resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'on-the-sdk' } });
  const spans = resources.flatMap((one) => one.scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, library: scope.scope.name }))));
  const named = (name: string) => spans.find((span) => span.name === name);
  const attributes = (name: string) => Object.fromEntries(named(name)?.attributes.map(({ key, value }) => [key, value.stringValue]) ?? []);
  expect(spans.map(({ name, library }) => [name, library]).sort()).toEqual([
    ['failing', 'sonde'],
    ['inner', 'sonde'],
    ['of a library', 'library'],
    ['outer', 'sonde'],
  ]);
  expect(named('inner')?.parentSpanId).toBe(named('outer')?.spanId);
  expect(named('of a library')?.parentSpanId).toBe(named('inner')?.spanId);
  expect([attributes('outer'), attributes('inner'), attributes('of a library')]).toEqual([
    { plan: 'pro', 'user.password': '[redacted]', shoe: '[redacted]', url: 'https://h/?token=[redacted]' },
    { 'request.id': 'r1' },
    { 'request.id': 'r1' },
  ]);
  expect(named('failing')?.status).toEqual({ code: 2, message: 'broken: password=[redacted]' });
  expect(JSON.stringify(bodies)).not.toContain('hunter2');
  expect([...keys]).toEqual(['k1']);
});

it.each([['otel-sdk otel-sdk'], ['otel-sdk sonde'], ['sonde otel-sdk sonde']])('telemetry that is started again has its spans: %s', async (text) => {
  const names: string[] = [];
  const receiver = createServer(async (request, response) => {
    const { resourceSpans = [] } = (await json(request)) as Partial<OtlpBody>;
    for (const one of resourceSpans) for (const scope of one.scopeSpans) names.push(...scope.spans.map(({ name }) => name));
    response.setHeader('content-type', 'application/json').end('{}');
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const fixture = new URL('fixtures/interop/sdk-again.mjs', import.meta.url).pathname;
  const engines = text.split(' ');
  const { stderr } = await promisify(execFile)(process.execPath, ['--no-warnings', fixture, endpoint, folder, ...engines]);
  receiver.close();
  receiver.closeAllConnections();
  expect(stderr).toBe('');
  expect(names.sort()).toEqual([...engines.map((_, i) => `ours ${i}`), ...engines.map((_, i) => `theirs ${i}`)]);
});
