import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../free-ports.ts';

const { MockOtlpServer } = createRequire(import.meta.url)('@elastic/mockotlpserver') as {
  MockOtlpServer: new (
    options: object,
  ) => {
    start(): Promise<void>;
    close(): Promise<void>;
    httpUrl: URL;
    readonly _httpService: { readonly _server: Server };
  };
};

/** How a program ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a fixture; `onLine` sees its output line by line and may act on the process. */
export function run(
  fixture: string,
  args: readonly string[],
  env: Record<string, string>,
  onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void,
  nodeArgs: readonly string[] = [],
): Promise<Ending> {
  const path = fileURLToPath(new URL(`./fixtures/pipeline/${fixture}`, import.meta.url));
  const child = spawn(process.execPath, [...nodeArgs, path, ...args], { env: { PATH: process.env['PATH'] ?? '', ...env } });
  // A program that does not end is the failure that the tests look for: end it, and the signal tells.
  const limit = setTimeout(() => child.kill('SIGKILL'), 600_000);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (onLine) for (const line of text.split('\n')) if (line !== '') onLine(line, (signal) => child.kill(signal));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, stdout, stderr });
    });
  });
}

/** An independent receiver that counts; its port stays its own when it is closed and started again. */
export async function countingReceiver(given?: number) {
  const port = given ?? (await freePorts(1))[0];
  const counts = { span: 0, log: 0, metric: 0 };
  const spanIds = new Set<string>();
  const lines = new Set<string>();
  const receiver = new MockOtlpServer({
    logLevel: 'fatal',
    services: ['http'],
    httpHostname: '127.0.0.1',
    httpPort: port,
    onTrace(request: { resourceSpans: { scopeSpans: { spans: { traceId: Uint8Array; spanId: Uint8Array }[] }[] }[] }) {
      for (const resource of request.resourceSpans)
        for (const scope of resource.scopeSpans) {
          counts.span += scope.spans.length;
          for (const span of scope.spans) spanIds.add(Buffer.from(span.traceId).toString('hex') + Buffer.from(span.spanId).toString('hex'));
        }
    },
    onLogs(request: { resourceLogs: { scopeLogs: { logRecords: { body?: { stringValue?: string } }[] }[] }[] }) {
      for (const resource of request.resourceLogs)
        for (const scope of resource.scopeLogs) {
          counts.log += scope.logRecords.length;
          for (const record of scope.logRecords) lines.add(record.body?.stringValue ?? '');
        }
    },
    onMetrics(request: { resourceMetrics: { scopeMetrics: { metrics: object[] }[] }[] }) {
      for (const resource of request.resourceMetrics) for (const scope of resource.scopeMetrics) counts.metric += scope.metrics.length;
    },
  });
  await receiver.start();
  return {
    counts,
    /** IDs of the spans that came, each once. */
    spanIds,
    /** Messages of log records, each once. */
    lines,
    url: receiver.httpUrl.href,
    port: Number(receiver.httpUrl.port),
    reset() {
      counts.span = 0;
      counts.log = 0;
      counts.metric = 0;
      spanIds.clear();
      lines.clear();
    },
    async close() {
      const closed = receiver.close();
      // It waits for its clients, and one that has a request under way keeps its connection for the next.
      receiver._httpService._server.closeAllConnections();
      await closed;
    },
  };
}

/** A folder of its own for one test. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'sonde-pipeline-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
