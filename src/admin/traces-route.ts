import { formatMs } from '../core/duration.ts';
import type { LogData, SpanData } from '../core/records.ts';
import { failure, htmlAnswer, json } from './answer.ts';
import type { ActiveWork } from './deps.ts';
import { type Html, html, page, table } from './html.ts';
import { type Route, type RouteContext, wantsJson } from './route.ts';
import { BUCKETS_MS, FAILED, type NotedSpan, SLOW_MS } from './trace-book.ts';

/** `/debug/traces`: active requests and spans, and recent spans by name and latency; `?name=` and `?bucket=` show what is kept. */
export const tracesRoute: Route = {
  path: '/debug/traces',
  methods: ['GET', 'HEAD'],
  isPage: true,
  answer(context) {
    const name = context.query.get('name');
    return name === null ? overview(context) : kept(context, name);
  },
};

function overview(context: RouteContext) {
  const { deps, up } = context;
  const families = deps.traces.families();
  const active = deps.active();
  const openSpans = deps.openSpans?.();
  if (wantsJson(context)) return json(200, { bucketsMs: BUCKETS_MS, families, active, openSpans });
  const rows = families.map(({ name, counts, p99Ms }) => [
    html`<a href="${href(up, name)}">${name}</a>`,
    ...counts.map((count, bucket) => (count === 0 ? '' : html`<a href="${href(up, name, bucket)}">${count}</a>`)),
    p99Ms === Number.POSITIVE_INFINITY ? `over ${formatMs(BUCKETS_MS.at(-1) as number)}` : upTo(p99Ms),
  ]);
  const more = openSpans === undefined ? '' : html`<p class="muted">${openSpans} spans are open, the oldest are shown</p>`;
  const body = html`<h2>Active</h2>${activeTable(active, up)}${more}
<h2>Recent, by latency</h2>${table(['name', ...BUCKETS_MS.map((ms) => `≥${formatMs(ms)}`), 'failed', 'p99'], rows)}
<p class="muted">of the spans below others those of ${formatMs(SLOW_MS)} and more, and those that failed</p>`;
  return htmlAnswer(200, page('Traces', up, body));
}

function activeTable(active: readonly ActiveWork[], up: string): Html {
  const rows = active.map((one) => [
    html`<span class="${one.isSlow || one.isStuck ? 'bad' : ''}">${one.name}${one.isSlow ? ' (slow)' : ''}${one.isStuck ? ' (may never end)' : ''}</span>`,
    one.detail,
    one.ageMs === 0 ? '' : formatMs(one.ageMs),
    one.p99Ms === Number.POSITIVE_INFINITY ? 'over 10s' : upTo(one.p99Ms),
    one.traceId ? traceLink(up, one.traceId) : '',
    html`<code>${one.spanId}</code>`,
    one.count,
  ]);
  return table(['name', 'detail', 'for', 'p99', 'trace', 'span', 'count'], rows);
}

function upTo(ms: number | undefined): string {
  return ms === undefined ? '' : `under ${formatMs(ms)}`;
}

function kept(context: RouteContext, name: string) {
  const { deps, query, up } = context;
  const text = query.get('bucket');
  const bucket = text === null ? undefined : Number(text);
  if (bucket !== undefined && !(Number.isInteger(bucket) && bucket >= 0 && bucket <= FAILED)) return failure(400, `bucket is no number from 0 to ${FAILED}`);
  const spans = deps.traces.spans(name, bucket);
  if (wantsJson(context)) return json(200, { name, bucket: bucket ?? null, spans });
  const rows = spans.map((span) => [
    new Date(span.startMs).toISOString(),
    formatMs(span.durationMs),
    span.failed ? html`<span class="bad">failed</span>` : '',
    traceLink(up, span.traceId),
    attributeText(span),
  ]);
  return htmlAnswer(200, page(`Traces: ${name}`, up, table(['start (UTC)', 'duration', '', 'trace', 'attributes'], rows)));
}

function href(up: string, name: string, bucket?: number): string {
  return `${up}debug/traces?name=${encodeURIComponent(name)}${bucket === undefined ? '' : `&bucket=${bucket}`}`;
}

function traceLink(up: string, traceId: string): Html {
  return html`<a href="${up}debug/traces/${traceId}"><code>${traceId}</code></a>`;
}

const MAX_ATTRIBUTES = 500; // characters of one row

function attributeText({ attributes }: Pick<NotedSpan, 'attributes'>): string {
  return Object.entries(attributes)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
    .slice(0, MAX_ATTRIBUTES);
}

/** `/debug/traces/{id}`: one trace as a tree, with its log lines and what of it is still open. */
export const traceRoute: Route = {
  path: '/debug/traces/:id',
  methods: ['GET', 'HEAD'],
  isPage: true,
  async answer(context) {
    const { deps, params, up } = context;
    const id = (params.id ?? '').toLowerCase();
    if (!/^[0-9a-f]{32}$/.test(id)) return failure(400, 'not a trace ID: expected 32 hexadecimal digits');
    const trace = await deps.trace(id);
    const { spans = [], logs = [] } = trace ?? {};
    const open = deps.active().filter(({ traceId }) => traceId === id);
    if (spans.length + logs.length + open.length === 0) return failure(404, `no trace ${id} in the store of this process`);
    if (wantsJson(context)) return json(200, { traceId: id, spans, logs, open });
    const stillOpen = open.length === 0 ? '' : html`<h2>Still open</h2>${activeTable(open, up)}`;
    return htmlAnswer(200, page(`Trace ${id}`, up, html`${spanTree(spans)}${stillOpen}<h2>Log lines</h2>${logTable(logs)}`));
  },
};

function spanTree(spans: readonly SpanData[]): Html {
  const startMs = Math.min(...spans.map((span) => span.startMs));
  const rows = inOrder(spans).map(({ span, depth }) => [
    html`<span style="padding-left:${depth * 1.2}rem" class="${span.status.code === 2 ? 'bad' : ''}">${span.name}</span>`,
    `+${formatMs(span.startMs - startMs)}`,
    formatMs(span.durationMs),
    attributeText(span),
  ]);
  return table(['span', 'start', 'duration', 'attributes'], rows);
}

/** Spans as a tree, depth first; one whose parent is elsewhere is a root. */
function inOrder(spans: readonly SpanData[]): { span: SpanData; depth: number }[] {
  const known = new Set(spans.map((span) => span.spanId));
  const children = new Map<string, SpanData[]>();
  for (const span of spans) {
    const parent = span.parentSpanId !== undefined && known.has(span.parentSpanId) ? span.parentSpanId : '';
    const list = children.get(parent);
    if (list) list.push(span);
    else children.set(parent, [span]);
  }
  const out: { span: SpanData; depth: number }[] = [];
  const open = (children.get('') ?? []).map((span) => ({ span, depth: 0 })).reverse();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    out.push(next);
    const { span, depth } = next;
    open.push(...(children.get(span.spanId) ?? []).map((child) => ({ span: child, depth: depth + 1 })).reverse());
    children.delete(span.spanId); // a span that is its own ancestor is shown once
  }
  return out;
}

function logTable(logs: readonly LogData[]): Html {
  return table(
    ['time (UTC)', 'level', 'logger', 'message'],
    logs.map((log) => [new Date(log.timeMs).toISOString(), log.level, log.logger, log.message]),
  );
}
