import type { Answer } from '../../admin/answer.ts';
import { type Html, html } from '../../admin/html.ts';

const STYLE = `:root{color-scheme:light dark;--bar:#4a7ddb;--bad:#c8402f}*{box-sizing:border-box}body{font:14px/1.45 system-ui,sans-serif;margin:0 auto;max-width:84rem;padding:1rem}
header{display:flex;gap:1rem;align-items:center;flex-wrap:wrap;margin-bottom:1rem}header a{margin-right:.8rem}form{flex:1;min-width:16rem;display:flex;gap:.4rem}
input{flex:1;font:inherit;padding:.35rem .6rem}button{font:inherit}h1{font-size:1.3rem;overflow-wrap:anywhere}h2{font-size:1.05rem;margin-top:1.6rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #8884;vertical-align:top;overflow-wrap:anywhere}th{white-space:nowrap}td.n{text-align:right;white-space:nowrap}
pre{overflow:auto;background:#8881;padding:.8rem;border-radius:4px}code,.id{font-family:ui-monospace,monospace;white-space:nowrap}.bad{color:var(--bad)}.muted{opacity:.65}
.track{position:relative;height:.8rem;min-width:12rem;background:#8882}.bar{position:absolute;height:100%;min-width:2px;background:var(--bar)}.bar.bad{background:var(--bad)}`;

/** A page of the look-up, without anything from elsewhere. `base` leads to the start. */
export function layout(title: string, body: Html, status = 200): Answer {
  const text = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · Sonde</title><style>${{ html: STYLE }}</style></head>
<body><header><nav><a href="/">Sonde</a> <a href="/errors">Errors</a> <a href="/groups">Groups</a> <a href="/logs">Logs</a></nav>
<form action="/find"><input name="q" aria-label="Error ID or trace ID" placeholder="Error ID or trace ID"><button>Look up</button></form></header>
<main><h1>${title}</h1>${body}</main></body></html>
`.html;
  return {
    status,
    body: text,
    type: 'text/html; charset=utf-8',
    headers: {
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
    },
  };
}

/** A link to the following page, with the query that led to this one. */
export function olderLink(path: string, query: URLSearchParams, next: string | undefined): Html {
  if (next === undefined) return html``;
  const following = new URLSearchParams(query);
  following.set('after', next);
  return html`<p><a href="${path}?${following.toString()}">older</a></p>`;
}

export function errorLink(id: string): Html {
  return html`<a class="id" href="/errors/${encodeURIComponent(id)}">${id}</a>`;
}

export function traceLink(id: string): Html {
  return html`<a class="id" href="/traces/${encodeURIComponent(id)}">${id}</a>`;
}
