import type { ProblemText } from './problem-text.ts';

/** A page that a person can read: what happened, the ID to quote, the time. No script, nothing from elsewhere. */
export function errorPage(problem: ProblemText, now: Date): string {
  const id = problem.errorId === undefined ? '' : `<p>Error ID <code>${escapeHtml(problem.errorId)}</code></p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(problem.title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:15vh auto;padding:0 1em;color-scheme:light dark}code{font-size:1.25em;user-select:all}small{opacity:.7}</style>
</head>
<body>
<h1>${escapeHtml(problem.title)}</h1>
<p>${escapeHtml(problem.detail)}</p>
${id}
<p><small><time datetime="${now.toISOString()}">${now.toISOString().slice(0, 19).replace('T', ' ')} UTC</time></small></p>
</body>
</html>
`;
}

/** The page's own policy: no script, no frame, no address. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
