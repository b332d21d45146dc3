/** Text that was escaped, or was ours from the start. */
export interface Html {
  readonly html: string;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Escapes text for HTML, attributes included. Control characters that could hide text become visible. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"']/g, (char) => ESCAPES[char] as string)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** A template: every value is escaped unless it is {@link Html} itself; lists are joined. */
export function html(parts: TemplateStringsArray, ...values: readonly unknown[]): Html {
  let out = parts[0] ?? '';
  for (let i = 0; i < values.length; i++) out += render(values[i]) + (parts[i + 1] ?? '');
  return { html: out };
}

function render(value: unknown): string {
  if (value === undefined || value === null || value === false) return '';
  if (Array.isArray(value)) return value.map(render).join('');
  if (typeof value === 'object' && 'html' in value && typeof value.html === 'string') return value.html;
  return escapeHtml(String(value));
}

const STYLE = `:root{color-scheme:light dark}body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:72rem;padding:0 1rem}
h1{font-size:1.3rem}h2{font-size:1.05rem;margin-top:1.6rem}nav a{margin-right:1rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #8884;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
pre{overflow:auto;background:#8881;padding:.8rem;border-radius:4px}code{font-family:ui-monospace,monospace}.bad{color:#c22}.muted{opacity:.65}`;

/** A whole page. `up` leads from this page to the mount point, such as `../`. */
export function page(title: string, up: string, body: Html): string {
  const links = ['debug', 'debug/errors', 'debug/traces', 'debug/handles', 'debug/ledger', 'debug/config', 'debug/pprof', 'loggers', 'metrics', 'readyz'];
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · Sonde</title><style>${{ html: STYLE }}</style></head>
<body><nav>${links.map((link) => html`<a href="${up}${link}">/${link}</a> `)}</nav><h1>${title}</h1>${body}</body></html>
`.html;
}

/** A table; a cell that is a number is set to the right. */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): Html {
  if (rows.length === 0) return html`<p class="muted">none</p>`;
  return html`<table><thead><tr>${head.map((name) => html`<th>${name}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map((cell) => (typeof cell === 'number' ? html`<td class="n">${cell}</td>` : html`<td>${cell}</td>`))}</tr>`)}</tbody></table>`;
}
