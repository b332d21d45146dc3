/** The two text formats that we write. */
export type Format = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/**
 * Which format an `Accept` header asks for. OpenMetrics is given to whoever names it with at least the weight of plain
 * text; everybody else gets Prometheus text, also one who accepts neither, as Prometheus' own exporters do.
 */
export function negotiate(accept: string | undefined): Format {
  if (accept === undefined) return 'prometheus';
  let openmetrics = 0;
  let text = -1;
  for (const range of accept.split(',')) {
    const [type = '', ...params] = range.split(';').map((part) => part.trim().toLowerCase());
    const q = weight(params);
    if (q === undefined) continue;
    const version = params
      .find((param) => param.startsWith('version='))
      ?.slice(8)
      .replaceAll('"', '');
    if (type === 'application/openmetrics-text' && (version === undefined || version === '1.0.0')) openmetrics = Math.max(openmetrics, q);
    else if (type === 'text/plain' && (version === undefined || version === '0.0.4')) text = Math.max(text, q);
  }
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'prometheus';
}

function weight(params: readonly string[]): number | undefined {
  const given = params.find((param) => param.startsWith('q='));
  if (given === undefined) return 1;
  const text = given.slice(2);
  // RFC 9110: a qvalue has at most three decimals and is not over 1. What is malformed is left out.
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : undefined;
}
