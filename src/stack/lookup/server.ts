import { StoreError } from '../../store/failure.ts';

/** A server of the stack as the command line reaches it. */
export interface ServerOptions {
  /** For messages: `Loki`. */
  readonly name: string;
  /** Base URL; user and password in it are sent as basic authentication. */
  readonly url: string;
  /** Bearer token. */
  readonly token?: string | undefined;
  /** Tenant, sent as `X-Scope-OrgID`. */
  readonly tenant?: string | undefined;
  /** How long one answer may take; 30 s by default. */
  readonly limitMs?: number;
}

const LIMIT_MS = 30_000; // a query over a week of a busy Loki takes seconds
const EXAMPLES: Readonly<Record<string, string>> = { Loki: 'http://127.0.0.1:3100', Tempo: 'http://127.0.0.1:3200' };
const MAX_BYTES = 67_108_864; // a trace of 50,000 spans as JSON is about 40 MB

/** Asks a server for JSON; `undefined` where it answers 404. What goes wrong is one line that names the server and what to do. */
export async function askServer(server: ServerOptions, path: string, params: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<unknown> {
  const { url, headers } = address(server, path, params);
  const limit = AbortSignal.timeout(server.limitMs ?? LIMIT_MS);
  let text: string;
  let response: Response;
  try {
    response = await fetch(url, { headers, redirect: 'manual', signal: signal ? AbortSignal.any([signal, limit]) : limit });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    text = await readBounded(server, response);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError('io', `Cannot reach ${server.name} at ${url.origin}: ${reason(error, server)}`, { cause: error });
  }
  if (!response.ok) throw new StoreError('io', `Cannot read from ${server.name}: ${refusal(server, response, text)}`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new StoreError('io', `Cannot read the answer of ${server.name}: it is no JSON, is ${url.origin} the URL of a ${server.name}?`);
  }
}

/** What an answer that is no success says, and what helps. */
function refusal(server: ServerOptions, response: Response, text: string): string {
  const { status, headers } = response;
  const prefix = `SONDE_${server.name.toUpperCase()}`;
  const says = oneLine(text);
  if (status >= 300 && status < 400) return `it sends us elsewhere (${status} ${oneLine(headers.get('location') ?? '')}); set ${prefix}_URL to where it is`;
  const hint =
    status === 401 || status === 403
      ? `; set ${prefix}_TOKEN${server.token ? ' to one that it takes' : ''}, or ${prefix}_TENANT`
      : status === 429
        ? `; try again ${headers.has('retry-after') ? `after ${oneLine(headers.get('retry-after') ?? '')} s` : 'later'}, or ask for less time`
        : '';
  return `it answered ${status}${says ? ` ${says}` : ''}${hint}`;
}

function address(server: ServerOptions, path: string, params: Readonly<Record<string, string>>): { url: URL; headers: Record<string, string> } {
  const prefix = `SONDE_${server.name.toUpperCase()}`;
  const text = `${server.url.replace(/\/+$/, '')}${path}`;
  // Not shown: it may hold a password.
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    throw new StoreError('io', `Cannot use ${prefix}_URL as the URL of ${server.name}: expected one such as ${EXAMPLES[server.name] ?? 'http://127.0.0.1'}`);
  const url = new URL(text);
  const headers: Record<string, string> = { accept: 'application/json' };
  // Said here, without the value: the message of fetch would show the secret.
  for (const [name, value] of Object.entries({ TOKEN: server.token, TENANT: server.tenant })) {
    if (value && !/^[\x20-\x7e]+$/.test(value)) throw new StoreError('io', `Cannot send ${prefix}_${name} to ${server.name}: expected one line of ASCII`);
  }
  if (server.token) headers.authorization = `Bearer ${server.token}`;
  else if (url.username) headers.authorization = `Basic ${Buffer.from(`${decoded(url.username)}:${decoded(url.password)}`).toString('base64')}`;
  if (server.tenant) headers['x-scope-orgid'] = server.tenant;
  url.username = '';
  url.password = '';
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  return { url, headers };
}

/** User or password as it was meant; a percent sign that was not written as %25 is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function readBounded(server: ServerOptions, response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new StoreError('io', `Cannot read the answer of ${server.name}: it is over ${MAX_BYTES / 1_048_576} MiB; ask for less time`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Certificates that Node does not trust, by the codes of OpenSSL. */
const UNTRUSTED = /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?)$/;

function reason(error: unknown, server: ServerOptions): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `no answer within ${(server.limitMs ?? LIMIT_MS) / 1_000} s`;
  const code = cause?.code ?? cause?.message ?? message;
  return UNTRUSTED.test(code) ? `${code}; set NODE_EXTRA_CA_CERTS to the certificate of your authority` : code;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}
