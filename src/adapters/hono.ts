import type { IncomingMessage } from 'node:http';
import { setRoute } from '../http/route.ts';
import { type ErrorAnswerOptions, errorAnswer } from './error-answer.ts';
import { errorResponse, factsOf } from './web-answer.ts';
import { watchBody } from './web-body.ts';

/** What these handlers need of hono's context; its own type fits it. */
interface ContextLike {
  readonly req: { readonly raw: Request; readonly method: string };
  res: Response;
  /** On Node, `@hono/node-server` puts Node's own request here. */
  readonly env?: unknown;
}
/** `hono/route`'s `routePath`: the pattern of the handler that runs. */
type RoutePath = (context: never, index?: number) => string;

/** What {@link sondeHono} can be told. */
export interface HonoOptions extends ErrorAnswerOptions {
  /** `routePath` of `hono/route`; with it requests are named by their route. */
  readonly routePath?: RoutePath;
}

/** The two handlers of an application. */
export interface HonoHandlers {
  /** For `app.use(...)`, first: names requests by their route. */
  readonly trackRoutes: (context: ContextLike, next: () => Promise<void>) => Promise<void>;
  /** For `app.onError(...)`: answers what handlers throw. */
  readonly onError: (error: unknown, context: ContextLike) => Response;
}

/**
 * Names requests by their route and answers what handlers throw: `application/problem+json` with `X-Error-Id`, a small
 * page for browsers, nothing internal. An `HTTPException` of 400 to 499 is the client's fault and mints no ID. A body that
 * fails while it is streamed is reported, and its connection is cut.
 *
 * Shape: two handlers for hono 4, `app.use(trackRoutes)` and `app.onError(onError)`.
 *
 * @example
 * typeof sondeHono().onError === 'function';
 */
export function sondeHono(options: HonoOptions = {}): HonoHandlers {
  const { routePath } = options;
  const routeOf = (context: ContextLike): string | undefined => {
    try {
      const path = routePath?.(context as never, -1);
      return path === undefined || path === '*' || path === '/*' ? undefined : path;
    } catch {
      return undefined;
    }
  };
  return {
    async trackRoutes(context, next) {
      try {
        await next();
      } catch (error) {
        // hono's own handler of errors is asked for instances of Error only.
        context.res = errorResponse(error, context.req.raw, routeOf(context), options);
      } finally {
        const route = routeOf(context);
        const { incoming } = (context.env ?? {}) as { incoming?: IncomingMessage };
        if (route !== undefined && incoming !== undefined) setRoute(incoming, route);
        watchBody(context, (error) => errorAnswer(error, factsOf(context.req.raw, route), options));
      }
    },
    onError: (error, context) => errorResponse(error, context.req.raw, routeOf(context), options),
  };
}
