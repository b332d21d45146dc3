import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { useDiagWriter } from '../../dist/core/diag.js';
import type { EndedSpan } from '../../dist/core/ended-span.js';
import { DROP_REASONS, type LedgerReport, SIGNALS } from '../../dist/core/records.js';
import type { OtlpSinkOptions, SpoolOptions } from '../../dist/pipeline/messages.js';
import { type Pipeline, startPipeline } from '../../dist/pipeline/pipeline.js';
import { spanNow } from '../ended-span.mjs';

/** A server on loopback that a test closes, with everything that hangs on it. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function httpReceiver(answer: (request: IncomingMessage, body: Buffer, response: ServerResponse) => void, port = 0): Promise<TestServer> {
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, Buffer.concat(chunks), response));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: urlOf(server.address()),
    port: portOf(server.address()),
    close: () => new Promise((resolve) => (server.close(() => resolve()), server.closeAllConnections())),
  };
}

export async function tcpReceiver(answer: (socket: Socket) => void): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: urlOf(server.address()),
    port: portOf(server.address()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function urlOf(address: AddressInfo | string | null): string {
  return `http://127.0.0.1:${portOf(address)}`;
}

function portOf(address: AddressInfo | string | null): number {
  return (address as AddressInfo).port;
}

/** What is done in milliseconds may take so long on a slow machine; a receiver that answers nothing is given a limit of its own. */
export const PATIENCE_MS = 60_000;

/** A pipeline in a folder of its own, and the lines that it says. */
export function openPipeline(
  endpoint: string,
  options: { readonly dir?: string; readonly spool?: SpoolOptions; readonly otlp?: Partial<OtlpSinkOptions> } = {},
) {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'sonde-pipeline-'));
  const lines: string[] = [];
  const restore = useDiagWriter((line) => lines.push(line));
  const pipeline = startPipeline({
    dir,
    resource: { 'service.name': 'test' },
    sink: { kind: 'otlp', endpoint, timeoutMs: PATIENCE_MS, ...options.otlp },
    spool: options.spool,
    exitHooks: false,
  });
  return {
    pipeline,
    lines,
    dir,
    async end(withinMs = PATIENCE_MS) {
      const result = await pipeline.shutdown(withinMs);
      restore();
      return result;
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** The ledger's identity, for each signal, with nothing below zero. */
export function expectBalanced(report: LedgerReport): void {
  for (const signal of SIGNALS) {
    const { produced, stored, sent, spooled, pending, dropped } = report[signal];
    const reasons = DROP_REASONS.map((reason) => dropped[reason]);
    expect(produced).toBe(stored + sent + spooled + pending + reasons.reduce((sum, count) => sum + count, 0));
    for (const count of [produced, stored, sent, spooled, pending, ...reasons]) expect(count).toBeGreaterThanOrEqual(0);
  }
}

let next = 1;

export function makeSpans(pipeline: Pipeline, count: number, fields: Partial<EndedSpan> = {}): void {
  for (let i = 0; i < count; i++) pipeline.output.ended(spanNow(1, next++, fields));
}

/** Waits until `done`; the test's own limit ends it. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 10));
}
