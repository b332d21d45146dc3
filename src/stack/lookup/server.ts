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
}

const LIMIT_MS = 30_000; // a query over a week of a busy Loki takes seconds
const MAX_BYTES = 67_108_864; // a trace of 50,000 spans as JSON is about 40 MB

/** Asks a server for JSON; `undefined` where it answers 404. What goes wrong is one line that names the server. */
export async function askServer(server: ServerOptions, path: string, params: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<unknown> {
  const { url, headers } = address(server, path, params);
  const limit = AbortSignal.timeout(LIMIT_MS);
  try {
    const response = await fetch(url, { headers, redirect: 'error', signal: signal ? AbortSignal.any([signal, limit]) : limit });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    const text = await readBounded(response);
    if (!response.ok) throw new StoreError('io', `Cannot read from ${server.name}: it answered ${response.status} ${oneLine(text)}`);
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError('io', `Cannot reach ${server.name} at ${url.origin}: ${reason(error)}`, { cause: error });
  }
}

function address(server: ServerOptions, path: string, params: Readonly<Record<string, string>>): { url: URL; headers: Record<string, string> } {
  let url: URL;
  try {
    url = new URL(`${server.url.replace(/\/+$/, '')}${path}`);
  } catch {
    throw new StoreError('io', `Cannot use "${server.url}" as the URL of ${server.name}: expected one such as http://127.0.0.1:3100`);
  }
  const headers: Record<string, string> = { accept: 'application/json' };
  if (server.token) headers.authorization = `Bearer ${server.token}`;
  else if (url.username)
    headers.authorization = `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64')}`;
  if (server.tenant) headers['x-scope-orgid'] = server.tenant;
  url.username = '';
  url.password = '';
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  return { url, headers };
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new StoreError('io', `the answer is over ${MAX_BYTES} bytes; ask for less time`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reason(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `no answer within ${LIMIT_MS / 1_000} s`;
  return cause?.code ?? cause?.message ?? message;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}
