import type { IncomingMessage, ServerResponse } from 'node:http';
import { clock } from '../core/clock.ts';
import { safeMessage } from '../core/json.ts';
import { Latch } from '../core/latch.ts';
import { type Answer, failure, send } from './answer.ts';
import type { AdminDeps, Refusal } from './deps.ts';
import { judge } from './guard.ts';
import { theRouter } from './router.ts';
import { MAX_URL, readTarget, upOf } from './target.ts';

/** A plain handler of `node:http`; express, fastify (hijacked) and others take it as well. */
export type AdminHandler = (request: IncomingMessage, response: ServerResponse) => void;

const MAX_LIMIT_MS = 15_000; // an answer that takes longer is stuck; profiles have their own limit
const MAX_CONCURRENT = 32; // pages for people and scrapers; more at once is a flood

/** Where a handler stands. */
export interface Mount {
  /** What stands before its paths: `''` for a server of its own. Without it, and where no framework tells, any prefix may. */
  readonly prefix?: string | undefined;
}

/** Makes the admin handler. It never throws and answers every request. */
export function createAdminHandler(deps: AdminDeps, { prefix }: Mount = {}): AdminHandler {
  let running = 0;
  const serve = async (request: IncomingMessage, abort: AbortController): Promise<Answer> => {
    const target = readTarget(request, prefix ?? (hasServer(request, handler) ? '' : undefined));
    if (target === undefined) return refuse(request, (request.url?.length ?? 0) > MAX_URL ? 'too_large' : 'malformed', UNREADABLE);
    const match = (await theRouter())(target.path, target.prefix);
    const verdict = await judge(request, deps, match?.route.isPage ?? false);
    const forStranger = !verdict.allowed && (verdict.reason === 'token' || verdict.reason === 'authorize') ? match?.route.answerStranger : undefined;
    if (!verdict.allowed && forStranger === undefined) return refuse(request, verdict.reason, verdict.answer);
    if (!match) return refuse(request, 'not_found', failure(404, `nothing is served at ${target.path}`));
    const { route } = match;
    const method = request.method ?? 'GET';
    if (!route.methods.includes(method)) {
      const message = route.methodMessage ?? `only ${route.methods.join(' and ')} are supported`;
      return refuse(request, 'method', failure(405, message, { allow: route.methods.join(', ') }));
    }
    const context = { request, method, query: target.query, params: match.params, path: match.path, deps, up: upOf(request, match.path), signal: abort.signal };
    const answer = await within(route.limitMs ?? MAX_LIMIT_MS, forStranger ? forStranger(context) : route.answer(context));
    const reason = REASON_OF[answer.status];
    return reason === undefined ? answer : refuse(request, reason, answer);
  };
  const refuse = (request: IncomingMessage, reason: Refusal, answer: Answer): Answer => {
    // A connection that is gone was counted by whoever ended it, or its client left.
    if (!request.socket.destroyed) deps.refused?.(reason, answer.status);
    return closing(request, answer);
  };
  const handler: AdminHandler = (request, response) => {
    const head = request.method === 'HEAD';
    if (running >= MAX_CONCURRENT) {
      send(response, refuse(request, 'too_many', failure(503, 'too many requests at once', { 'retry-after': '1' })), head);
      return;
    }
    running++;
    const abort = new AbortController();
    response.once('close', () => abort.abort());
    serve(request, abort)
      .catch((error: unknown) => failure(500, `internal error: ${safeMessage(error)}`))
      .then((answer) => send(response, answer, head))
      .catch(() => response.destroy())
      .finally(() => {
        running--;
      });
  };
  return handler;
}

/** Where two readers could disagree, nothing that follows on the connection is believed. */
const UNREADABLE = failure(400, 'the request target or its Host cannot be read', { connection: 'close' });

/** Why a route refuses. A thing that is not there (404) or a process that is not well (503) is an answer. */
const REASON_OF: Readonly<Record<number, Refusal | undefined>> = { 400: 'malformed', 408: 'too_slow', 409: 'busy', 413: 'too_large', 415: 'media_type' };

/** Whether all requests of the server come here: then there is no mount point. */
function hasServer({ socket }: IncomingMessage, handler: AdminHandler): boolean {
  const { server } = socket as { server?: { listeners?(event: string): unknown[] } };
  return server?.listeners?.('request').includes(handler) ?? false;
}

/** Gives an answer its limit. */
async function within(limitMs: number, given: Promise<Answer> | Answer): Promise<Answer> {
  const over = new Latch<Answer>();
  const timer = clock.setTimeout(() => over.release(failure(503, 'the answer took too long')), limitMs);
  try {
    return await Promise.race([given, over.promise]);
  } finally {
    clock.clearTimeout(timer);
  }
}

/** The rest of a refused body is not worth reading: the connection ends with the answer. */
function closing(request: IncomingMessage, answer: Answer): Answer {
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  return hasBody && !request.complete ? { ...answer, headers: { ...answer.headers, connection: 'close' } } : answer;
}
