import type { IncomingMessage, ServerResponse } from 'node:http';
import { setRoute } from '../http/route.ts';
import { type ErrorAnswerOptions, errorAnswer } from './error-answer.ts';
import { sendProblem } from './send-problem.ts';

/** What the plugin needs of fastify 5; fastify's own types fit it. */
interface FastifyLike {
  addHook(name: 'onRequest', hook: (request: RequestLike, reply: ReplyLike, done: () => void) => void): unknown;
  setErrorHandler(handler: (error: unknown, request: RequestLike, reply: ReplyLike) => void): unknown;
}
interface RequestLike {
  readonly raw: IncomingMessage;
  readonly routeOptions?: { readonly url?: string | undefined; readonly handler?: { readonly name: string } };
}
interface ReplyLike {
  readonly sent: boolean;
  readonly raw: ServerResponse;
  code(status: number): ReplyLike;
  headers(headers: Record<string, string>): ReplyLike;
  removeHeader(name: string): ReplyLike;
  serializer(serialize: (payload: unknown) => string): ReplyLike;
  send(body: string): unknown;
}

const STALE = ['content-length', 'content-encoding', 'content-disposition', 'etag', 'last-modified'];

/**
 * Names requests by their route and answers what handlers throw: `application/problem+json` with `X-Error-Id`, a small
 * page for browsers, nothing internal. Validation errors are the client's fault and mint no ID.
 *
 * Shape: a fastify 5 plugin that holds for the whole application: `await app.register(sondeFastify)`.
 *
 * @example
 * sondeFastify.name === 'sondeFastify';
 */
export function sondeFastify(app: FastifyLike, options: ErrorAnswerOptions, done: (error?: Error) => void): void {
  app.addHook('onRequest', (request, reply, next) => {
    const url = urlOf(request);
    if (url !== undefined) setRoute(request.raw, url);
    else if (request.routeOptions?.handler?.name === OWN_404) answerNotFound(request, reply, options);
    next();
  });
  app.setErrorHandler((error, request, reply) => {
    // The handler took the answer into its own hands, or it was begun.
    if (reply.sent || reply.raw.headersSent) {
      sendProblem(request.raw, reply.raw, error, options);
      return;
    }
    const answer = errorAnswer(error, request.raw, options);
    for (const name of STALE) reply.removeHeader(name);
    // A schema of the route must not reshape the answer.
    reply
      .code(answer.status)
      .headers({ ...answer.headers })
      .serializer(String)
      .send(answer.body);
  });
  done();
}

/** The handler that fastify has for what no route serves; one that the application sets has another name. */
const OWN_404 = 'basic404';

/**
 * Gives fastify's own 404 the form of all other errors. The hooks of the application run as always, and what they answer
 * instead stays as it is.
 */
function answerNotFound(request: RequestLike, reply: ReplyLike, options: ErrorAnswerOptions): void {
  reply.serializer((payload) => {
    const { statusCode, error, message } = (payload ?? {}) as { statusCode?: unknown; error?: unknown; message?: unknown };
    if (statusCode !== 404 || error !== 'Not Found' || typeof message !== 'string' || !message.startsWith('Route ')) {
      reply.headers({ 'Content-Type': 'application/json; charset=utf-8' });
      return JSON.stringify(payload);
    }
    const answer = errorAnswer({ status: 404 }, request.raw, options);
    reply.headers({ ...answer.headers });
    return answer.body;
  });
}

let contextKey: symbol | undefined;

/** The route's pattern. `routeOptions` makes an object of twelve fields for each request; where fastify keeps the pattern is found once. */
function urlOf(request: RequestLike): string | undefined {
  contextKey ??= Object.getOwnPropertySymbols(request).find(({ description }) => description === 'fastify.context');
  const context = contextKey && (request as unknown as Record<symbol, { config?: { url?: string } } | undefined>)[contextKey];
  return context === undefined ? request.routeOptions?.url : context.config?.url;
}

// What `fastify-plugin` does: the plugin is not encapsulated, and says which fastify it is made for.
Object.assign(sondeFastify, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('plugin-meta')]: { name: 'sonde', fastify: '5.x' },
  [Symbol.for('fastify.display-name')]: 'sonde',
});
