import type { IncomingMessage } from 'node:http';
import { setRoute } from '../http/route.ts';
import { type ErrorAnswerOptions, errorAnswer } from './error-answer.ts';

/** What the plugin needs of fastify 5; fastify's own types fit it. */
interface FastifyLike {
  addHook(name: 'onRequest', hook: (request: RequestLike, reply: unknown, done: () => void) => void): unknown;
  setErrorHandler(handler: (error: unknown, request: RequestLike, reply: ReplyLike) => void): unknown;
}
interface RequestLike {
  readonly raw: IncomingMessage;
  readonly routeOptions?: { readonly url?: string | undefined };
}
interface ReplyLike {
  readonly sent: boolean;
  readonly raw: { destroy(): unknown; readonly headersSent: boolean };
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
  app.addHook('onRequest', (request, _reply, next) => {
    const url = request.routeOptions?.url;
    if (url !== undefined) setRoute(request.raw, url);
    next();
  });
  app.setErrorHandler((error, request, reply) => {
    const answer = errorAnswer(error, request.raw, options);
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
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

// What `fastify-plugin` does: the plugin is not encapsulated, and says which fastify it is made for.
Object.assign(sondeFastify, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('plugin-meta')]: { name: 'sonde', fastify: '5.x' },
  [Symbol.for('fastify.display-name')]: 'sonde',
});
