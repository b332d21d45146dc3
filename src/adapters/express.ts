import type { IncomingMessage, ServerResponse } from 'node:http';
import { setRoute } from '../http/route.ts';
import type { ErrorAnswerOptions } from './error-answer.ts';
import { sendProblem } from './send-problem.ts';

/** What these handlers need of express 4 and 5; their own types fit it. */
export type ExpressRequest = IncomingMessage & { baseUrl?: string };
type Next = (error?: unknown) => void;

const MAX_PARAMS = 32; // of one address

/**
 * Names requests by their route (`/orders/:id`) also where a mounted router fails. To be used first.
 *
 * Shape: express middleware; `app.use(trackRoutes())`.
 */
export function trackRoutes(): (request: ExpressRequest, response: ServerResponse, next: Next) => void {
  return (request, _response, next) => {
    try {
      watchRoute(request);
    } catch {
      // A request that cannot be watched is served all the same.
    }
    next();
  };
}

/** Express puts the matched route on the request while the router's prefix is known, and forgets the prefix on the way out. */
function watchRoute(request: ExpressRequest): void {
  let route: unknown;
  let params: unknown;
  const names = new Map<string, string>();
  Object.defineProperty(request, 'params', {
    configurable: true,
    enumerable: true,
    get: () => params,
    set(next: unknown) {
      params = next;
      if (typeof next !== 'object' || next === null) return;
      for (const [name, value] of Object.entries(next)) if (typeof value === 'string' && value !== '' && names.size < MAX_PARAMS) names.set(value, name);
    },
  });
  Object.defineProperty(request, 'route', {
    configurable: true,
    enumerable: true,
    get: () => route,
    set(next: unknown) {
      route = next;
      const path = (next as { path?: unknown } | undefined)?.path;
      if (typeof path === 'string') setRoute(request, prefixOf(request.baseUrl ?? '', names) + path);
    },
  });
}

/** The prefix with its parameters by name: `/users/7` of a router mounted at `/users/:user` is `/users/:user`. */
function prefixOf(baseUrl: string, names: ReadonlyMap<string, string>): string {
  if (baseUrl === '' || names.size === 0) return baseUrl;
  return baseUrl
    .split('/')
    .map((segment) => {
      const name = names.get(decode(segment));
      return name === undefined ? segment : `:${name}`;
    })
    .join('/');
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * Answers what handlers throw: `application/problem+json` with `X-Error-Id`, a small page for browsers, nothing internal.
 * To be used last. Errors of the framework that are the client's fault (a body that is no JSON) are answered without an ID.
 *
 * Shape: an express error handler, for express 4 and 5; `app.use(errorHandler())`.
 *
 * @example
 * errorHandler().length === 4;
 */
export function errorHandler(options: ErrorAnswerOptions = {}): (error: unknown, request: IncomingMessage, response: ServerResponse, next: Next) => void {
  return (error, request, response, _next) => {
    sendProblem(request, response, error, options);
  };
}
