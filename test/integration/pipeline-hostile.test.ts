import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { forget } from '../../dist/core/diag.js';
import type { OtlpSinkOptions } from '../../dist/pipeline/messages.js';
import { decodeOfficially, encodeResponse } from '../unit/pipeline/official-proto.ts';
import { expectBalanced, httpReceiver, makeSpans, openPipeline, PATIENCE_MS, type TestServer, tcpReceiver, until } from './pipeline-rig.ts';

const COUNT = 300;
const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
const serve = async (opening: Promise<TestServer>): Promise<TestServer> => {
  const server = await opening;
  servers.push(server);
  return server;
};

/** Sends {@link COUNT} spans to the receiver, ends, and answers with the ledger. */
async function through(url: string, otlp: Partial<OtlpSinkOptions> = {}) {
  const rig = openPipeline(url, { otlp });
  makeSpans(rig.pipeline, COUNT);
  await rig.pipeline.flush(PATIENCE_MS);
  expectBalanced(rig.pipeline.ledger());
  const { lost } = await rig.end();
  const report = rig.pipeline.ledger();
  expectBalanced(report);
  expect(report.span.pending).toBe(0);
  rig.remove();
  return { span: report.span, lost, lines: rig.lines };
}

describe('a receiver that', () => {
  it('refuses the connection: everything is in the spool, one line says so', async () => {
    const server = await httpReceiver(() => {});
    await server.close();
    const { span, lost, lines } = await through(server.url);
    expect(span).toMatchObject({ produced: COUNT, spooled: COUNT });
    expect(lost).toBe(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^sonde: cannot deliver to http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED.*; records are kept in .*spool.* and sent later\n$/);
  });

  it.each<[string, (socket: import('node:net').Socket) => void]>([
    ['hangs', () => {}],
    ['answers garbage', (socket) => socket.end('\u0000\u0001 what is this \r\n\r\n')],
    ['closes in the middle of the request', (socket) => socket.once('data', () => socket.destroy())],
    ['closes at once', (socket) => socket.destroy()],
    [
      'drips its answer a byte a second',
      (socket) => {
        const text = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
        let at = 0;
        const timer = setInterval(() => socket.write(text[at++] ?? ''), 1_000);
        socket.on('close', () => clearInterval(timer));
      },
    ],
    ['never reads', (socket) => socket.pause()],
    [
      'wants to talk something else',
      (socket) => socket.once('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n')),
    ],
  ])('%s: everything is in the spool', async (_, answer) => {
    const server = await serve(tcpReceiver(answer));
    const { span, lost, lines } = await through(server.url, { timeoutMs: 400 });
    expect(span).toMatchObject({ produced: COUNT, spooled: COUNT });
    expect(lost).toBe(0);
    expect(lines).toHaveLength(1);
  });

  it.each<[string, string]>([
    ['gives half an answer', 'HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 100\r\n\r\nabc'],
    ['answers 200 with garbage', 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{{{{{{{'],
  ])('%s has taken the records', async (_, head) => {
    const server = await serve(tcpReceiver((socket) => socket.once('data', () => setTimeout(() => socket.end(head), 50))));
    const { span, lines } = await through(server.url);
    expect(span).toMatchObject({ produced: COUNT, sent: COUNT });
    expect(lines).toEqual([]);
  });

  it('answers without an end has taken the records, and is read no further than its bound', async () => {
    const server = await serve(
      httpReceiver((_, __, response) => {
        response.writeHead(200, { 'content-type': 'text/plain' });
        const flood = (): void => {
          while (response.write('x'.repeat(65_536)));
        };
        response.on('drain', flood).on('error', () => {});
        flood();
      }),
    );
    expect((await through(server.url)).span).toMatchObject({ sent: COUNT });
  });

  it('takes its time gets also what is made while the shutdown waits for it', async () => {
    let late = 0;
    const server = await serve(
      httpReceiver((_, __, response) => {
        if (late++ === 0) makeSpans(rig.pipeline, COUNT);
        response.end();
      }),
    );
    const rig = openPipeline(server.url);
    makeSpans(rig.pipeline, COUNT);
    expect(await rig.end()).toEqual({ flushed: 2 * COUNT, lost: 0 });
    expect(rig.pipeline.ledger().span).toMatchObject({ produced: 2 * COUNT, sent: 2 * COUNT });
    expect(rig.lines).toEqual([]);
  });

  it('answers 500 has refused for good: counted and said once', async () => {
    const server = await serve(httpReceiver((_, __, response) => response.writeHead(500, { 'content-type': 'text/plain' }).end('broken')));
    const { span, lines } = await through(server.url);
    expect(span).toMatchObject({ produced: COUNT, dropped: { rejected: COUNT } });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('HTTP 500 (broken)');
  });

  it.each([429, 503])('answers %i with Retry-After gets everything, not before', async (status) => {
    const attempts: number[] = [];
    let received = 0;
    const server = await serve(
      httpReceiver((_, body, response) => {
        attempts.push(performance.now());
        if (attempts.length === 1) response.writeHead(status, { 'retry-after': '1' }).end();
        else {
          received += decodeOfficially('span', body).resourceSpans[0].scopeSpans[0].spans.length;
          response.end();
        }
      }),
    );
    const rig = openPipeline(server.url);
    makeSpans(rig.pipeline, COUNT);
    await until(() => rig.pipeline.ledger().span.sent === COUNT);
    expect((attempts[1] ?? 0) - (attempts[0] ?? 0)).toBeGreaterThanOrEqual(990);
    expect(received).toBe(COUNT);
    expectBalanced(rig.pipeline.ledger());
    await until(() => rig.lines.length === 2);
    expect(rig.lines[0]).toContain(`HTTP ${status}`);
    expect(rig.lines[1]).toContain('takes records again');
    await rig.end();
    rig.remove();
  });

  it('refuses a batch for one bad record loses only this one', async () => {
    let received = 0;
    const server = await serve(
      httpReceiver((_, body, response) => {
        const spans = decodeOfficially('span', body).resourceSpans[0].scopeSpans.flatMap((scope: { spans: { name: string }[] }) => scope.spans);
        if (spans.some((span: { name: string }) => span.name === 'bad')) response.writeHead(400).end();
        else {
          received += spans.length;
          response.end();
        }
      }),
    );
    const rig = openPipeline(server.url);
    makeSpans(rig.pipeline, 611);
    makeSpans(rig.pipeline, 1, { name: 'bad' });
    makeSpans(rig.pipeline, 412);
    await rig.pipeline.flush(PATIENCE_MS);
    expect(rig.pipeline.ledger().span).toMatchObject({ produced: 1_024, sent: 1_023, dropped: { rejected: 1 }, pending: 0 });
    expect(received).toBe(1_023);
    await rig.end();
    expectBalanced(rig.pipeline.ledger());
    rig.remove();
  });

  it.each([
    ['protobuf', { compression: 'none' }],
    ['protobuf and gzip', { compression: 'gzip' }],
    ['JSON', { protocol: 'http/json', compression: 'none' }],
  ] as const)('refuses a batch from the spool for one bad record loses only this one, with %s', async (_, otlp) => {
    let received = 0;
    let away = true;
    const server = await serve(
      httpReceiver((request, body, response) => {
        if (away) return response.writeHead(503).end();
        const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
        const decoded = request.headers['content-type'] === 'application/json' ? JSON.parse(plain.toString('utf8')) : decodeOfficially('span', plain);
        const names = decoded.resourceSpans[0].scopeSpans.flatMap((scope: { spans: { name: string }[] }) => scope.spans.map((span) => span.name));
        if (names.includes('bad')) return response.writeHead(400).end();
        received += names.length;
        return response.end();
      }),
    );
    const rig = openPipeline(server.url, { otlp });
    makeSpans(rig.pipeline, 100, { library: { name: 'one' } });
    makeSpans(rig.pipeline, 1, { name: 'bad' });
    makeSpans(rig.pipeline, 30);
    await rig.pipeline.flush(PATIENCE_MS);
    expect(rig.pipeline.ledger().span).toMatchObject({ spooled: 131 });
    away = false;
    await until(() => rig.pipeline.ledger().span.spooled === 0);
    expect(rig.pipeline.ledger().span).toMatchObject({ produced: 131, sent: 130, dropped: { rejected: 1 }, pending: 0 });
    expect(received).toBe(130);
    await rig.end();
    expectBalanced(rig.pipeline.ledger());
    rig.remove();
  });

  it('refuses everything is not asked about every record', async () => {
    let requests = 0;
    const server = await serve(
      httpReceiver((_, __, response) => {
        requests++;
        response.writeHead(400).end();
      }),
    );
    const { span } = await through(server.url);
    expect(span).toMatchObject({ dropped: { rejected: COUNT } });
    expect(requests).toBeLessThanOrEqual(41);
  });

  it('takes a batch but for some records says so, and they are counted', async () => {
    const server = await serve(
      httpReceiver((_, __, response) => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(encodeResponse('span', 3, 'too old'))),
    );
    const { span, lines } = await through(server.url);
    expect(span).toMatchObject({ sent: COUNT - 3, dropped: { rejected: 3 } });
    expect(lines).toEqual([expect.stringContaining('refused 3 of 300 span records: too old')]);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('compresses its answer (%s) is understood', async (encoding, compress) => {
    const head = { 'content-type': 'application/x-protobuf', 'content-encoding': encoding };
    const server = await serve(httpReceiver((_, __, response) => response.writeHead(200, head).end(compress(encodeResponse('span', 3, 'too old')))));
    expect((await through(server.url)).span).toMatchObject({ sent: COUNT - 3, dropped: { rejected: 3 } });
  });

  it('answers with a bomb has taken the records', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const head = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const server = await serve(httpReceiver((_, __, response) => response.writeHead(200, head).end(bomb)));
    expect((await through(server.url)).span).toMatchObject({ sent: COUNT });
  });

  it.each([
    ['gives advice', 'application/json', '{"partialSuccess":{"errorMessage":"names are\\n\\u001b[31mtoo long"}}', 'says: names are [31mtoo long'],
    [
      'answers with a web page',
      'text/html; charset=utf-8',
      '<html>Sign in</html>',
      'HTTP 200 with a web page, which no OTLP receiver answers; check the endpoint',
    ],
  ])('%s is quoted in one line', async (_, type, body, said) => {
    const server = await serve(httpReceiver((_request, __, response) => response.writeHead(200, { 'content-type': type }).end(body)));
    const { span, lines } = await through(server.url);
    expect(span).toMatchObject({ sent: COUNT });
    expect(lines).toEqual([expect.stringContaining(said)]);
    forget('otlp-advice');
  });

  it('closes kept connections gets everything, and nobody hears of it', async () => {
    let received = 0;
    const server = await serve(
      httpReceiver((request, body, response) => {
        received += decodeOfficially('span', body).resourceSpans[0].scopeSpans[0].spans.length;
        response.end(() => setTimeout(() => request.socket.destroy(), 1));
      }),
    );
    const rig = openPipeline(server.url);
    for (let i = 0; i < 20; i++) {
      makeSpans(rig.pipeline, 10);
      await rig.pipeline.flush(PATIENCE_MS);
    }
    await rig.end();
    expect(rig.pipeline.ledger().span).toMatchObject({ sent: 200 });
    expect(received).toBe(200);
    expect(rig.lines).toEqual([]);
    rig.remove();
  });
});
