import { type Html, html, table } from '../../admin/html.ts';
import { formatMs } from '../../core/duration.ts';
import type { ErrorRecord } from '../../core/records.ts';
import type { Activity, ErrorGroup, StoredLog, StoredTrace } from '../../store/lookup.ts';
import { spanRows } from '../output/span-tree.ts';
import { sparkline } from '../output/sparkline.ts';
import { traceDurationMs } from '../output/trace-tree.ts';
import { showPairs, showTime } from '../output/values.ts';
import { errorLink, traceLink } from './layout.ts';

const MAX_MESSAGE = 300; // of a row; the error's own page has all of it
const MAX_SPANS = 1_000; // of a page; a browser is slow above

export function errorTable(errors: readonly ErrorRecord[]): Html {
  return table(
    ['time (UTC)', 'ID', 'kind', 'service', 'type', 'message'],
    errors.map((error) => [
      error.timestamp,
      errorLink(error['error.id']),
      html`<span class="${error['sonde.error.kind'] === 'bug' ? 'bad' : ''}">${error['sonde.error.kind']}</span>`,
      error['service.name'],
      error['error.type'],
      error.message.slice(0, MAX_MESSAGE),
    ]),
  );
}

export function groupTable(groups: readonly ErrorGroup[]): Html {
  return table(
    ['count', 'last seen', 'first seen', 'releases', 'last ID', 'type', 'message'],
    groups.map((group) => [
      group.count,
      showTime(group.lastMs),
      showTime(group.firstMs),
      group.releases.map(({ release }) => release || 'no release').join(', '),
      errorLink(group.lastErrorId),
      html`<a href="/errors?fingerprint=${encodeURIComponent(group.fingerprint)}">${group.type}</a>`,
      group.message.slice(0, MAX_MESSAGE),
    ]),
  );
}

export function logTable(logs: readonly StoredLog[]): Html {
  return table(
    ['time (UTC)', 'level', 'logger', 'message', 'trace'],
    logs.map((log) => [
      showTime(log.timeMs),
      html`<span class="${log.severity >= 17 ? 'bad' : ''}">${log.level}</span>`,
      log.logger,
      html`${log.message} <span class="muted">${showPairs(log.attributes).slice(0, MAX_MESSAGE)}</span>`,
      log.traceId ? traceLink(log.traceId) : '',
    ]),
  );
}

/** The last hour: a bar a minute, and where the time went. */
export function activityChart(activity: Activity): Html {
  const rows = (['spans', 'failed', 'errors', 'logs'] as const).map((name) => {
    const values = activity.points.map((point) => point[name]);
    const total = values.reduce((sum, value) => sum + value, 0);
    return [name, total, html`<span class="id">${sparkline(values)}</span>`];
  });
  const operations = activity.operations.slice(0, 10).map((one) => [one.name, one.count, one.failed, formatMs(one.meanMs), formatMs(one.maxMs)]);
  return html`<h2>The last hour</h2>${table(['', 'count', 'by the minute'], rows)}<h2>Where the time went</h2>${table(['span', 'calls', 'failed', 'mean', 'max'], operations)}`;
}

/** A trace as a waterfall. */
export function waterfall(trace: StoredTrace): Html {
  const start = Math.min(...trace.spans.map((span) => span.startMs));
  const whole = Math.max(traceDurationMs(trace.spans), 0.000_001);
  const rows = spanRows(trace.spans, 0) // the page indents by itself
    .slice(0, MAX_SPANS)
    .map(({ span, depth, orphan }) => {
      const failed = span.status.code === 2;
      const left = ((span.startMs - start) / whole) * 100;
      const width = Math.min(100 - left, (span.durationMs / whole) * 100);
      const id = span.attributes['error.id'];
      const what = html`<span class="${failed ? 'bad' : ''}" style="padding-left:${Math.min(depth, 30) * 0.9}rem">${span.name}</span>
<span class="muted">${span.resource['service.name']}${orphan ? ' (its parent is not stored)' : ''}</span>${failed ? html` <span class="bad">${span.status.message ?? ''}</span>` : ''}${typeof id === 'string' ? html` ${errorLink(id)}` : ''}`;
      const bar = html`<div class="track"><div class="bar${failed ? ' bad' : ''}" style="left:${left.toFixed(2)}%;width:${width.toFixed(2)}%"></div></div>`;
      return [what, html`<span class="id">${formatMs(span.durationMs)}</span>`, bar];
    });
  const more = trace.truncated || trace.spans.length > MAX_SPANS ? html`<p class="muted">more spans are not shown</p>` : '';
  return html`${table(['span', 'took', 'when'], rows)}${more}`;
}
