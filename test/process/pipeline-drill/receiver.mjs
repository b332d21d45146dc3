// A receiver that counts by ID and behaves as it is told. It decodes with protobufjs and the official .proto files.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';

const folder = dirname(createRequire(import.meta.url).resolve('@elastic/mockotlpserver/package.json'));
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => join(folder, target);
root.loadSync(['trace/v1/trace_service', 'logs/v1/logs_service'].map((name) => `opentelemetry/proto/collector/${name}.proto`));
const Spans = root.lookupType('opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest');
const Logs = root.lookupType('opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest');

/** What the bytes of a request hold: IDs of spans, or how many log records. */
export function contents(signal, body) {
  if (signal === 'log') {
    const { resourceLogs } = Logs.decode(body);
    return { ids: [], logs: resourceLogs.flatMap((resource) => resource.scopeLogs.flatMap((scope) => scope.logRecords)).length };
  }
  const { resourceSpans } = Spans.decode(body);
  const spans = resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans));
  return { ids: spans.map((span) => Buffer.from(span.spanId).toString('hex')), logs: 0 };
}

/** Behaviours: what becomes of a request whose body is there; `took` counts it as taken. */
export const BEHAVIOURS = {
  healthy: (took, _request, response) => response.end(took()),
  slow: (took, _request, response, random) => setTimeout(() => response.end(took()), random() * 300),
  hangs: () => {},
  'answers 500': (_took, _request, response) => response.writeHead(500).end(),
  'answers 429': (_took, _request, response, random) => response.writeHead(429, random() < 0.5 ? { 'retry-after': '1' } : {}).end(),
  'answers 503': (_took, _request, response) => response.writeHead(503).end(),
  'answers 400': (_took, _request, response) => response.writeHead(400).end(),
  closes: (_took, request) => request.socket.destroy(),
  'gives half an answer': (took, request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('abc');
    took();
    setTimeout(() => request.socket.destroy(), 5);
  },
};
const MIXED = ['healthy', 'healthy', 'slow', 'answers 429', 'answers 503', 'closes', 'gives half an answer'];

export async function openReceiver(random) {
  const taken = new Map(); // ID of a span: how often it was taken
  let behaviour = 'healthy';
  let logs = 0;
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const took = () => {
        const found = contents(request.url === '/v1/logs' ? 'log' : 'span', Buffer.concat(chunks));
        for (const id of found.ids) taken.set(id, (taken.get(id) ?? 0) + 1);
        logs += found.logs;
        return '';
      };
      const name = behaviour === 'mixed' ? MIXED[Math.floor(random() * MIXED.length)] : behaviour;
      BEHAVIOURS[name](took, request, response, random);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    taken,
    get logs() {
      return logs;
    },
    behave(name) {
      behaviour = name;
    },
    forget() {
      taken.clear();
      logs = 0;
    },
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}
