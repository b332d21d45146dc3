const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY']);

/** The method as a label: one of the registered ones, else `_OTHER` (OpenTelemetry's word), so that a client cannot make series. */
export function knownMethod(method: string | undefined): string {
  if (method === 'GET' || method === 'POST') return method; // most requests are spared the look into the set
  if (method === undefined) return '_OTHER';
  return KNOWN_METHODS.has(method) ? method : '_OTHER';
}

/** Query keys whose values are credentials (the list of OpenTelemetry's `url.query`, and the usual names). */
const SECRET_QUERY =
  /([?&;]|^)(AWSAccessKeyId|Signature|sig|X-Goog-Signature|X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|access_token|id_token|refresh_token|token|api_?key|key|password|passwd|pwd|secret|client_secret|code|auth)=[^&#;]*/gi;

/** Part of each of those keys: most queries have none, and looking is cheaper than replacing. */
const SECRET_HINT = /key|sig|cred|token|pass|pwd|secret|code|auth/i;

/** A query string without the values of credentials. */
export function maskQuery(query: string): string {
  return SECRET_HINT.test(query) ? query.replace(SECRET_QUERY, '$1$2=REDACTED') : query;
}

/** A URL without user info and without the values of credentials in its query. */
export function maskUrl(url: string): string {
  return maskQuery(url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#@]*@/i, '$1REDACTED:REDACTED@'));
}

/** Splits a request target into its path and its masked query. An absolute target (to a proxy) loses its origin. */
export function splitTarget(target: string): { path: string; query: string | undefined } {
  let start = 0;
  if (target.charCodeAt(0) !== 47 /* / */) {
    const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target);
    if (origin) start = origin[0].length;
  }
  const mark = target.indexOf('?', start);
  if (mark === -1) return { path: bounded(start === 0 ? target : target.slice(start) || '/'), query: undefined };
  return { path: bounded(target.slice(start, mark) || '/'), query: maskQuery(bounded(target.slice(mark + 1))) };
}

const MAX_TEXT = 2_048; // a URL longer than this is an attack or a mistake; the start tells enough

/** Cuts a text that a client chose. */
export function bounded(text: string): string {
  return text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
}

/** A host and its port. */
export interface HostPort {
  readonly address: string;
  readonly port: number;
}

let lastHost: string | undefined;
let lastDefault = 0;
let lastSplit: HostPort = { address: '', port: 0 };

/** `host:port` of a Host header; IPv6 keeps its brackets off. Requests mostly name one host: the last answer is kept. */
export function splitHost(host: string | undefined, defaultPort: number): HostPort {
  if (host === lastHost && defaultPort === lastDefault) return lastSplit;
  lastSplit = parseHost(host, defaultPort);
  lastHost = host;
  lastDefault = defaultPort;
  return lastSplit;
}

function parseHost(host: string | undefined, defaultPort: number): HostPort {
  if (host === undefined || host === '') return { address: '', port: defaultPort };
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(host);
  if (!match) return { address: bounded(host), port: defaultPort };
  return { address: bounded(match[1] ?? match[2] ?? ''), port: match[3] === undefined ? defaultPort : Number(match[3]) };
}
