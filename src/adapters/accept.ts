const MAX_HEADER = 1_000; // a browser's is 150 characters

/** Whether the sender of an `Accept` header would rather read HTML than JSON: a browser, not a program. */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined || accept.length > MAX_HEADER || !/html/i.test(accept)) return false;
  let html = 0;
  let json = 0;
  for (const part of accept.toLowerCase().split(',')) {
    const [type = '', ...params] = part.split(';').map((text) => text.trim());
    const quality = params.find((param) => param.startsWith('q='));
    const weight = quality === undefined ? 1 : Number(quality.slice(2));
    if (!(weight >= 0 && weight <= 1)) continue;
    if (type === 'text/html' || type === 'application/xhtml+xml') html = Math.max(html, weight);
    else if (type === 'application/json' || type === 'application/problem+json') json = Math.max(json, weight);
  }
  return html > json;
}
