import { htmlAnswer, json } from './answer.ts';
import type { AdminDeps, HandleRow } from './deps.ts';
import { type Html, html, page, table } from './html.ts';
import { type Route, wantsJson } from './route.ts';

/** `/debug/handles`: what the process holds open, grouped by where it was opened. */
export const handlesRoute: Route = {
  path: '/debug/handles',
  methods: ['GET', 'HEAD'],
  isPage: true,
  answer(context) {
    const { deps, up } = context;
    const handles = deps.handles();
    const leaks = deps.leaks?.() ?? [];
    if (wantsJson(context)) return json(200, { count: handles.length, ...(leaks.length > 0 && { suspected: leaks }), handles });
    const groups = groupBySite(handles).map(([, rows]) => {
      const [first] = rows;
      return html`<h2>${rows.length} × ${first?.kind} <span class="muted">${first?.site ?? 'unknown site'}</span></h2>${table(
        columnsOf(rows),
        rows.map((row) => columnsOf(rows).map((column) => cell(row[column]))),
      )}`;
    });
    return htmlAnswer(200, page(`Open handles: ${handles.length}`, up, html`${suspicions(leaks, up)}${groups}`));
  },
};

function suspicions(leaks: ReturnType<NonNullable<AdminDeps['leaks']>>, up: string): Html | string {
  if (leaks.length === 0) return '';
  return html`<h2>Suspected leaks</h2>${table(
    ['what', 'error'],
    leaks.map(({ summary, errorId }) => [summary, html`<a href="${up}debug/errors/${errorId}">${errorId}</a>`]),
  )}`;
}

function groupBySite(handles: readonly HandleRow[]): [string, HandleRow[]][] {
  const groups = new Map<string, HandleRow[]>();
  for (const handle of handles) {
    const key = `${handle.kind} ${handle.site ?? ''}`;
    const rows = groups.get(key);
    if (rows) rows.push(handle);
    else groups.set(key, [handle]);
  }
  return [...groups].sort(([, a], [, b]) => b.length - a.length);
}

function columnsOf(rows: readonly HandleRow[]): string[] {
  const names = new Set<string>();
  for (const row of rows) for (const [key, value] of Object.entries(row)) if (value !== undefined && key !== 'kind' && key !== 'site') names.add(key);
  return [...names];
}

function cell(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
