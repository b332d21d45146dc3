import type { IncomingMessage, ServerResponse } from 'node:http';
import { clock } from '../core/clock.ts';
import { safeMessage } from '../core/json.ts';
import { Latch } from '../core/latch.ts';
import { type Answer, failure, send } from './answer.ts';
import type { AdminDeps } from './deps.ts';
import { judge } from './guard.ts';
import type { Match, Router } from './router.ts';

/** A plain handler of `node:http`; express, fastify (hijacked) and others take it as well. */
export type AdminHandler = (request: IncomingMessage, response: ServerResponse) => void;

const MAX_URL = 4_096; // no route needs more
const MAX_LIMIT_MS = 15_000; // an answer that takes longer is stuck; profiles have their own limit
const MAX_CONCURRENT = 32; // pages for people and scrapers; more at once is a flood

/** Makes the admin handler. It never throws and answers every request. */
export function createAdminHandler(deps: AdminDeps): AdminHandler {
  let router: Promise<Router> | undefined;
  let running = 0;
  const loadRouter = async (): Promise<Router> => {
    const [{ openRouter }, { routes }] = await Promise.all([import('./router.ts'), import('./routes.ts')]);
    return openRouter(routes);
  };
  const serve = async (request: IncomingMessage, _response: ServerResponse, abort: AbortController): Promise<Answer> => {
    router ??= loadRouter();
    const target = parseTarget(request);
    if (target === undefined) {
      if ((request.url?.length ?? 0) > MAX_URL) deps.refused?.('too_large');
      return failure(400, 'the URL cannot be read');
    }
    const match = (await router)(target.path);
    const verdict = await judge(request, deps, match?.route.isPage ?? false);
    if (!verdict.allowed) {
      deps.refused?.(verdict.reason);
      return closing(request, verdict.answer);
    }
    if (!match) return failure(404, `nothing is served at ${target.path}`);
    const { route } = match;
    const method = request.method ?? 'GET';
    if (!route.methods.includes(method))
      return failure(405, route.methodMessage ?? `only ${route.methods.join(' and ')} are supported`, { allow: route.methods.join(', ') });
    const answer = await answerOf(match, { request, method, query: target.query, deps, up: upOf(request, match.path), signal: abort.signal });
    if (answer.status === 413) deps.refused?.('too_large');
    if (answer.status === 408) deps.refused?.('too_slow');
    return answer.status === 413 || answer.status === 408 ? closing(request, answer) : answer;
  };
  return (request, response) => {
    const head = request.method === 'HEAD';
    if (running >= MAX_CONCURRENT) {
      deps.refused?.('too_many');
      send(response, failure(503, 'too many requests at once', { 'retry-after': '1' }), head);
      return;
    }
    running++;
    const abort = new AbortController();
    response.once('close', () => abort.abort());
    serve(request, response, abort)
      .catch((error: unknown) => failure(500, `internal error: ${safeMessage(error)}`))
      .then((answer) => send(response, answer, head))
      .catch(() => response.destroy())
      .finally(() => {
        running--;
      });
  };
}

type Given = Omit<Parameters<Match['route']['answer']>[0], 'params' | 'path'>;

/** Runs a route within its limit. */
async function answerOf({ route, params, path }: Match, given: Given): Promise<Answer> {
  const over = new Latch<Answer>();
  const timer = clock.setTimeout(() => over.release(failure(503, 'the answer took too long')), route.limitMs ?? MAX_LIMIT_MS);
  try {
    return await Promise.race([route.answer({ ...given, params, path }), over.promise]);
  } finally {
    clock.clearTimeout(timer);
  }
}

/** The rest of a refused body is not worth reading: the connection ends with the answer. */
function closing(request: IncomingMessage, answer: Answer): Answer {
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  return hasBody && !request.complete ? { ...answer, headers: { ...answer.headers, connection: 'close' } } : answer;
}

/** The path as it was sent: dot segments are not resolved, so that none can leave a prefix. */
function parseTarget(request: IncomingMessage): { path: string; query: URLSearchParams } | undefined {
  const url = request.url ?? '/';
  if (url.length > MAX_URL || url.charCodeAt(0) !== 47) return undefined;
  const mark = url.indexOf('?');
  return { path: mark === -1 ? url : url.slice(0, mark), query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)) };
}

/** Relative links work below any mount point, also behind a proxy that strips one. */
function upOf(request: IncomingMessage & { originalUrl?: string }, path: string): string {
  const atRoot = path === '/' && request.originalUrl !== undefined && !request.originalUrl.split('?', 1)[0]?.endsWith('/');
  if (atRoot) return `${request.originalUrl?.split('?', 1)[0]?.split('/').pop() ?? ''}/`;
  return '../'.repeat(Math.max(0, path.split('/').length - 2)) || './';
}
