import { gzipSync } from 'node:zlib';
import type { Attributes } from '../core/attributes.ts';
import type { ErrorRecord, LogData } from '../core/records.ts';
import { scrub } from '../core/redact-text.ts';
import type { TlsFiles } from '../pipeline/messages.ts';
import { encodeLogsJson, encodeSpansJson } from '../pipeline/otlp/encode-json.ts';
import { Poster } from '../pipeline/sinks/http-post.ts';
import { errorAsLog } from '../pipeline/worker/log-lines.ts';
import { StoreError } from '../store/failure.ts';
import { readAll, type StoredBatch } from '../store/read-all.ts';
import { isOfResource } from './catalogue/attributes.ts';

const TIMEOUT_MS = 30_000;
const ATTEMPTS = 5; // a collector that restarts is back within seconds
const PAUSE_MS = 1_000;

/** How far a replay is. */
export interface Replayed {
  span: number;
  log: number;
  error: number;
}

/** Where the records of one signal go, and with what. */
export interface ReplayTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls?: TlsFiles | undefined;
}

/** The receivers of what is sent again. */
export type ReplayTargets = Readonly<Record<'traces' | 'logs', ReplayTarget>>;

/** Sends what the store in `dir` holds from `sinceMs` on to OTLP receivers; `progress` is called after each batch. */
export async function replay(
  dir: string,
  targets: ReplayTargets,
  sinceMs: number,
  progress: (done: Replayed) => void,
  pause: (ms: number) => Promise<void>,
): Promise<Replayed> {
  const posters = { traces: new Poster(targets.traces.tls), logs: new Poster(targets.logs.tls) };
  const done: Replayed = { span: 0, log: 0, error: 0 };
  try {
    for (const batch of readAll(dir, sinceMs)) {
      for (const { path, body } of requests(batch)) await send(posters[path], targets[path], body, pause);
      done[batch.signal] += batch.items.length;
      progress(done);
    }
    return done;
  } finally {
    posters.traces.close();
    posters.logs.close();
  }
}

function requests(batch: StoredBatch): { path: 'traces' | 'logs'; body: Buffer }[] {
  if (batch.signal === 'span')
    return byResource(batch.items, (span) => span.resource).map(([resource, spans]) => ({ path: 'traces', body: encodeSpansJson(spans, resource) }));
  if (batch.signal === 'log')
    return byResource<LogData & { resource: Attributes }>(batch.items, (log) => log.resource).map(([resource, logs]) => ({
      path: 'logs',
      body: encodeLogsJson(logs, resource),
    }));
  return byResource(batch.items, resourceOf).map(([resource, errors]) => ({
    path: 'logs',
    body: encodeLogsJson(
      errors.map((error) => errorAsLog(error, resource)),
      resource,
    ),
  }));
}

/** An error record holds the resource among its own keys. */
function resourceOf(error: ErrorRecord): Attributes {
  return Object.fromEntries(Object.entries(error).filter(([key]) => isOfResource(key))) as Attributes;
}

function byResource<T>(items: readonly T[], resourceOf: (item: T) => Attributes): [Attributes, T[]][] {
  const groups = new Map<string, [Attributes, T[]]>();
  for (const item of items) {
    const resource = resourceOf(item);
    const key = JSON.stringify(resource);
    const group = groups.get(key);
    if (group) group[1].push(item);
    else groups.set(key, [resource, [item]]);
  }
  return [...groups.values()];
}

async function send(poster: Poster, target: ReplayTarget, body: Buffer, pause: (ms: number) => Promise<void>): Promise<void> {
  const url = new URL(target.url);
  const headers = { ...target.headers, 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const compressed = gzipSync(body);
  for (let attempt = 1; ; attempt++) {
    const result = await poster.post({ url, headers, body: compressed, timeoutMs: TIMEOUT_MS });
    if (result.kind === 'answer' && result.status === 200) return;
    const again = result.kind === 'failed' || [429, 502, 503, 504].includes(result.status);
    if (!again || attempt === ATTEMPTS) {
      const reason = result.kind === 'failed' ? result.reason : `it answered ${result.status} ${result.body.toString('utf8').slice(0, 200)}`;
      throw new StoreError('io', `Cannot send to ${scrub(url.href)}: ${reason}`);
    }
    await pause(PAUSE_MS * attempt);
  }
}
