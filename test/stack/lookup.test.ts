import { expect } from 'vitest';
import { encodeLogsJson, encodeSpansJson } from '../../src/pipeline/otlp/encode-json.ts';
import { errorAsLog } from '../../src/pipeline/worker/log-lines.ts';
import { openRemoteLookup } from '../../src/stack/lookup/remote-lookup.ts';
import { type LookupPlace, lookupContract, resourceOf } from '../contract/lookup.ts';
import { PATHS } from './lib/paths.ts';
import { eventually, PATIENCE_MS } from './lib/process.ts';
import { type Stack, startStack } from './lib/stack.ts';

async function post(stack: Stack, path: 'logs' | 'traces', body: Buffer): Promise<void> {
  const response = await fetch(`${stack.otlpUrl}/v1/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: new Uint8Array(body) });
  expect(response.status).toBe(200);
}

async function linesOf(stack: Stack, service: string): Promise<number> {
  const query = `sum(count_over_time({service_name="${service}"}[2h]))`;
  const response = await fetch(`${stack.lokiUrl}/loki/api/v1/query?${new URLSearchParams({ query })}`);
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}

/** The collector, Loki and Tempo, reached as a service and as the command line reach them. */
async function openServers(): Promise<LookupPlace> {
  const stack = await startStack(PATHS);
  const lookup = openRemoteLookup({ loki: { name: 'Loki', url: stack.lokiUrl }, tempo: { name: 'Tempo', url: stack.tempoUrl } });
  const sent = new Map<string, number>();
  return {
    lookup,
    async add(given) {
      const { service, spans = [], logs = [], errors = [] } = given;
      const resource = resourceOf(given);
      const lines = [...logs, ...errors.map((error) => errorAsLog(error, resource))];
      const total = (sent.get(service) ?? 0) + lines.length;
      sent.set(service, total);
      if (lines.length > 0) {
        await post(stack, 'logs', encodeLogsJson(lines, resource));
        await eventually(`${total} lines of ${service} in Loki`, PATIENCE_MS, async () => ((await linesOf(stack, service)) >= total ? true : undefined));
      }
      const [span] = spans;
      if (span) {
        await post(stack, 'traces', encodeSpansJson(spans, resource));
        await eventually('the trace in Tempo', PATIENCE_MS, async () => ((await lookup.trace(span.traceId))?.spans.length === spans.length ? true : undefined));
      }
    },
    async close() {
      await lookup.close();
      await stack.stop();
    },
  };
}

lookupContract({
  name: PATHS.tempo ? 'Loki and Tempo' : 'Loki',
  open: openServers,
  traces: PATHS.tempo !== undefined,
  deviations: {
    'attributes of log lines': 'Loki keeps attributes as text, under names in which dots are underscores; the catalogue gives back those it knows',
    'attributes of errors': 'Loki keeps attributes as text, under names in which dots are underscores; the catalogue gives back those it knows',
    'an error that is looked up long after its ID': 'the time in the ID bounds the one query that finds it among millions of lines',
  },
});
