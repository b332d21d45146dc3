import { readdirSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { CliContext } from './context.ts';
import { CliError, EXIT, unreachable, wrongUsage } from './exit-codes.ts';

const DEFAULT_URL = 'http://127.0.0.1:9464';
const TIMEOUT_MS = 5_000; // an answer is a few kB from memory; a profile adds its own seconds
const MAX_BYTES = 64 * 1024 * 1024; // a heap profile of a big process

/** How a running process is named on the command line. */
export interface ProcessOptions {
  readonly url?: string;
  readonly pid?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** A running process that answers on its admin routes. */
export interface RunningProcess {
  /** How it is called in messages. */
  readonly name: string;
  request(method: string, path: string, options?: { body?: unknown; timeoutMs?: number; accept?: string }): Promise<Answer>;
}

/** The process that `--url`, `--pid`, `SONDE_URL`, the one socket in the store's folder, or the default port leads to. */
export function findProcess(context: CliContext, options: ProcessOptions): RunningProcess {
  const token = context.io.env['SONDE_ADMIN_TOKEN'];
  const url = options.url ?? (options.pid === undefined ? context.io.env['SONDE_URL'] : undefined);
  if (url !== undefined) return atUrl(url, token);
  const folder = join(context.dir, 'run');
  if (options.pid !== undefined) {
    if (!/^\d{1,10}$/.test(options.pid)) throw wrongUsage(`Cannot use "${options.pid}" as --pid: expected a process ID`);
    return atSocket(join(folder, `${options.pid}.sock`), `process ${options.pid}`, token);
  }
  const pids = runningPids(folder);
  if (pids.length > 1) throw wrongUsage(`Cannot choose among the processes ${pids.join(', ')}: say which one with --pid or --url`);
  return pids[0] === undefined ? atUrl(DEFAULT_URL, token) : atSocket(join(folder, `${pids[0]}.sock`), `process ${pids[0]}`, token);
}

/** The answer's JSON; any status but 2xx ends the command with the server's own words. */
export async function askJson(target: RunningProcess, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await target.request(method, path, body === undefined ? {} : { body });
  const text = answer.body.toString('utf8');
  if (answer.status < 200 || answer.status > 299) throw refused(target, path, answer.status, text);
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    throw unreachable(`Cannot read the answer of ${target.name} to ${path}: it is no JSON, so it is perhaps not a Sonde admin handler`);
  }
}

/** Puts a status that is no success in words. */
export function refused(target: RunningProcess, path: string, status: number, text: string): CliError {
  const detail = messageOf(text);
  if (status === 401 || status === 403) return unreachable(`${target.name} refuses ${path}: ${detail || `status ${status}`}; set SONDE_ADMIN_TOKEN`, 'refused');
  if (status === 404) return new CliError(EXIT.notFound, 'not_found', `${target.name} has no ${path}${detail ? `: ${detail}` : ''}`);
  if (status === 400) return wrongUsage(`${target.name} says: ${detail || 'bad request'}`);
  return unreachable(`${target.name} answers ${path} with status ${status}${detail ? `: ${detail}` : ''}`, 'status');
}

function messageOf(text: string): string {
  try {
    const body = JSON.parse(text) as { error?: unknown; detail?: unknown };
    return String(body.error ?? body.detail ?? '').slice(0, 200);
  } catch {
    return '';
  }
}

function runningPids(folder: string): number[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .flatMap((name) => (/^\d{1,10}\.sock$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .filter(isAlive)
    .sort((a, b) => a - b);
}

/** A socket file outlives a process that was killed. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function atUrl(text: string, token: string | undefined): RunningProcess {
  const base = URL.canParse(text) ? new URL(text) : undefined;
  if (base?.protocol !== 'http:' && base?.protocol !== 'https:')
    throw wrongUsage(`Cannot use "${text}" as the process: expected a URL, such as ${DEFAULT_URL}`);
  const prefix = base.pathname.replace(/\/+$/, '');
  return {
    name: base.origin + prefix,
    async request(method, path, options = {}) {
      const send = base.protocol === 'https:' ? (await import('node:https')).request : httpRequest;
      return exchange(
        `nothing answers at ${base.origin}; start the process, or name it with --url, --pid or SONDE_URL`,
        send,
        { ...connection(base), path: prefix + path },
        method,
        token,
        options,
      );
    },
  };
}

function connection(base: URL): { hostname: string; port: string | undefined } {
  return { hostname: base.hostname.replace(/^\[|\]$/g, ''), port: base.port || undefined };
}

function atSocket(socketPath: string, name: string, token: string | undefined): RunningProcess {
  return {
    name,
    request: (method, path, options = {}) =>
      exchange(
        `nothing answers on "${socketPath}"; the process has ended, or serves no admin socket`,
        httpRequest,
        { socketPath, path, hostname: 'localhost' },
        method,
        token,
        options,
      ),
  };
}

function exchange(
  hint: string,
  send: typeof httpRequest,
  target: { socketPath?: string; hostname?: string; port?: string | undefined; path: string },
  method: string,
  token: string | undefined,
  { body, timeoutMs = TIMEOUT_MS, accept = 'application/json' }: { body?: unknown; timeoutMs?: number; accept?: string },
): Promise<Answer> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers: Record<string, string> = { accept };
  if (payload !== undefined) Object.assign(headers, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) });
  if (token) headers['authorization'] = `Bearer ${token}`;
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => reject(unreachable(`Cannot reach the process: ${hint} (${reason})`));
    const call = send({ ...target, method, headers, agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      collect(response).then(
        (bytes) => resolve({ status: response.statusCode ?? 0, body: bytes }),
        (error: Error) => fail(error.message),
      );
    });
    call.on('error', (error: NodeJS.ErrnoException) =>
      fail(error.name === 'AbortError' || error.name === 'TimeoutError' ? `no answer within ${timeoutMs / 1_000}s` : (error.code ?? error.message)),
    );
    call.end(payload);
  });
}

async function collect(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`the answer is over ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
