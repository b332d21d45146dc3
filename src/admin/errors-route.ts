import type { ErrorRecord } from '../core/records.ts';
import { failure, htmlAnswer, json } from './answer.ts';
import { html, page, table } from './html.ts';
import { type Route, wantsJson } from './route.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500; // a page of 500 records is about 4 MB

/** `/debug/errors`: recent errors, newest first; `limit` and `after` page through them. */
export const errorsRoute: Route = {
  path: '/debug/errors',
  methods: ['GET', 'HEAD'],
  isPage: true,
  async answer(context) {
    const { deps, query, up } = context;
    const asked = Number(query.get('limit') ?? DEFAULT_LIMIT);
    if (!Number.isInteger(asked) || asked < 1) return failure(400, 'limit is no whole number from 1');
    const limit = Math.min(asked, MAX_LIMIT);
    const { items, next } = await deps.errors({ limit, after: query.get('after') ?? undefined });
    if (wantsJson(context)) return json(200, { errors: items, next: next ?? null });
    const rows = items.map((record) => [
      record.timestamp,
      html`<a href="${up}debug/errors/${record['error.id']}"><code>${record['error.id']}</code></a>`,
      record['sonde.error.kind'],
      record['error.type'],
      record.message.slice(0, 200),
    ]);
    const more = next === undefined ? '' : html`<p><a href="${up}debug/errors?limit=${limit}&after=${encodeURIComponent(next)}">older</a></p>`;
    return htmlAnswer(200, page('Errors', up, html`${table(['time (UTC)', 'ID', 'kind', 'type', 'message'], rows)}${more}`));
  },
};

/** `/debug/errors/{id}`: one error, whole. */
export const errorRoute: Route = {
  path: '/debug/errors/:id',
  methods: ['GET', 'HEAD'],
  isPage: true,
  async answer(context) {
    const { deps, params, up } = context;
    const answer = await deps.error(params.id ?? '');
    if ('malformed' in answer) return failure(400, answer.malformed);
    if ('missing' in answer) return failure(404, answer.missing);
    if (wantsJson(context)) return json(200, answer.found);
    return htmlAnswer(200, page(`Error ${answer.found['error.id']}`, up, showError(answer.found)));
  },
};

const OWN_BLOCK = new Set(['exception.stacktrace']);

function showError(record: ErrorRecord) {
  const rows = Object.entries(record)
    .filter(([key]) => !OWN_BLOCK.has(key))
    .map(([key, value]) => [html`<code>${key}</code>`, typeof value === 'string' ? value : JSON.stringify(value)]);
  return html`<pre>${record['exception.stacktrace']}</pre>${table(['field', 'value'], rows)}`;
}
