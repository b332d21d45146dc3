import type { Answer } from '../../admin/answer.ts';
import { html, table } from '../../admin/html.ts';
import { formatMs } from '../../core/duration.ts';
import type { Lookup } from '../../store/lookup.ts';
import { readCount, readSeverity, readTime, readTraceId } from '../options.ts';
import type { ErrorView } from '../output/error-text.ts';
import { traceDurationMs } from '../output/trace-tree.ts';
import { showTime, showValue } from '../output/values.ts';
import { layout, olderLink, traceLink } from './layout.ts';
import { activityChart, errorTable, groupTable, logTable, waterfall } from './tables.ts';

/** What a page is made from: its data goes out as JSON, or as HTML by `show`. */
export interface Page {
  readonly data: unknown;
  show(): Answer;
}

const HOUR_MS = 3_600_000;
const LAST = 20; // rows of each list on the first page

export async function homePage(lookup: Lookup, nowMs: number): Promise<Page> {
  const activity = await lookup.activity?.({ sinceMs: nowMs - HOUR_MS, untilMs: nowMs, stepMs: HOUR_MS / 60 });
  const [errors, groups] = [await lookup.errors({ limit: LAST }), await lookup.groups({ limit: LAST })];
  return {
    data: { errors: errors.items, groups: groups.items, activity: activity ?? null },
    show: () =>
      layout(
        'Look up',
        html`${activity ? activityChart(activity) : ''}<h2>Groups</h2>${groupTable(groups.items)}<h2>Errors</h2>${errorTable(errors.items)}${problems(lookup)}`,
      ),
  };
}

function paging(query: URLSearchParams, nowMs: number) {
  const get = (name: string): string | undefined => query.get(name) || undefined;
  return {
    sinceMs: readTime('since', get('since'), nowMs),
    untilMs: readTime('until', get('until'), nowMs),
    limit: readCount('limit', get('limit'), 1_000),
    after: get('after'),
    service: get('service'),
  };
}

export async function errorsPage(lookup: Lookup, query: URLSearchParams, nowMs: number): Promise<Page> {
  const kind = query.get('kind');
  const page = await lookup.errors({
    ...paging(query, nowMs),
    kind: kind === 'bug' || kind === 'known' ? kind : undefined,
    type: query.get('type') || undefined,
    fingerprint: query.get('fingerprint') || undefined,
    traceId: readTraceId('trace', query.get('trace') || undefined),
  });
  return {
    data: { errors: page.items, next: page.next ?? null },
    show: () => layout('Errors', html`${errorTable(page.items)}${olderLink('/errors', query, page.next)}${problems(lookup)}`),
  };
}

export async function groupsPage(lookup: Lookup, query: URLSearchParams, nowMs: number): Promise<Page> {
  const page = await lookup.groups({
    ...paging(query, nowMs),
    firstSeen: query.has('new'),
    release: query.get('release') || undefined,
    regressed: query.has('regressed'),
  });
  return {
    data: { groups: page.items, next: page.next ?? null },
    show: () => layout('Groups of errors', html`${groupTable(page.items)}${olderLink('/groups', query, page.next)}${problems(lookup)}`),
  };
}

export async function logsPage(lookup: Lookup, query: URLSearchParams, nowMs: number): Promise<Page> {
  const page = await lookup.logs({
    ...paging(query, nowMs),
    logger: query.get('logger') || undefined,
    minSeverity: readSeverity('level', query.get('level') || undefined),
    traceId: readTraceId('trace', query.get('trace') || undefined),
  });
  return {
    data: { logs: page.items, next: page.next ?? null },
    show: () => layout('Log', html`${logTable(page.items)}${olderLink('/logs', query, page.next)}${problems(lookup)}`),
  };
}

export async function tracePage(lookup: Lookup, traceId: string): Promise<Page | undefined> {
  const trace = await lookup.trace(traceId);
  if (trace === undefined) return undefined;
  const logs = [...(await lookup.logs({ traceId, limit: 200 })).items].reverse();
  const start = Math.min(...trace.spans.map((span) => span.startMs));
  return {
    data: { trace, logs },
    show: () =>
      layout(
        `Trace ${traceId}`,
        html`<p>${showTime(start)}, ${trace.spans.length} spans, ${formatMs(traceDurationMs(trace.spans))}</p>${waterfall(trace)}<h2>Log</h2>${logTable(logs)}`,
      ),
  };
}

const OWN_PLACE = new Set(['message', 'exception.stacktrace', 'exception.message']);

export function errorPage(view: ErrorView): Page {
  const { error, trace, logs, related, group } = view;
  const rows = Object.entries(error)
    .filter(([key, value]) => !OWN_PLACE.has(key) && value !== undefined)
    .map(([key, value]) => [html`<code>${key}</code>`, key === 'trace_id' ? traceLink(String(value)) : showValue(value)]);
  const seen = group
    ? html`<p>${group.count} times since ${showTime(group.firstMs)}, last at ${showTime(group.lastMs)}; <a href="/errors?fingerprint=${encodeURIComponent(group.fingerprint)}">all of its kind</a></p>`
    : '';
  return {
    data: view,
    show: () =>
      layout(
        error['error.id'],
        html`<p class="bad">${error.message}</p>${seen}<h2>Stack</h2><pre>${error['exception.stacktrace']}</pre><h2>Trace</h2>${trace ? waterfall(trace) : html`<p class="muted">no span of it is stored</p>`}
<h2>Log</h2>${logTable(logs)}${related.length > 0 ? html`<h2>Related errors</h2>${errorTable(related)}` : ''}<h2>Record</h2>${table(['field', 'value'], rows)}`,
      ),
  };
}

/** What could not be read: a list that looks short has a reason. */
function problems(lookup: Lookup) {
  return lookup.problems().map(({ message }) => html`<p class="bad">${message}</p>`);
}
