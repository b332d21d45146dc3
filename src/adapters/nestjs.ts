import type { IncomingMessage, ServerResponse } from 'node:http';
import { bind } from '../core/bind.ts';
import { report } from '../errors/report.ts';
import { setRoute } from '../http/route.ts';
import type { ErrorAnswerOptions } from './error-answer.ts';
import { sendProblem } from './send-problem.ts';

/** What the filter needs of NestJS 11; `ArgumentsHost` fits it. */
interface HostLike {
  getType(): string;
  switchToHttp(): { getRequest(): unknown; getResponse(): unknown };
}
/** `ExecutionContext` fits it. */
interface ContextLike extends HostLike {
  getClass(): { readonly name: string };
  getHandler(): { readonly name: string };
}
/** `CallHandler` fits it; the type of what it gives stays the framework's. */
interface HandlerLike<T> {
  handle(): T;
}

/**
 * Answers what controllers, guards and pipes throw: `application/problem+json` with `X-Error-Id`, a small page for
 * browsers, nothing internal. An `HttpException` of 400 to 499 is the client's fault and mints no ID; the list of a
 * `ValidationPipe` is passed on.
 *
 * Shape: an exception filter for NestJS 11, on express and fastify: `app.useGlobalFilters(new SondeExceptionFilter())`.
 * Outside of HTTP (microservices, GraphQL, sockets) it reports and throws on.
 */
export class SondeExceptionFilter {
  readonly #options: ErrorAnswerOptions;

  constructor(options: ErrorAnswerOptions = {}) {
    this.#options = options;
  }

  catch(exception: unknown, host: HostLike): void {
    if (host.getType() !== 'http') {
      report(exception, this.#options.boundary === undefined ? {} : { boundary: this.#options.boundary });
      throw exception;
    }
    const http = host.switchToHttp();
    const request = http.getRequest();
    const own = nodes<IncomingMessage>(request);
    nameRoute(request, own);
    const answer = (): void => {
      sendProblem(own, nodes<ServerResponse>(http.getResponse()), exception, { ...this.#options, fault: faultOf(exception) });
    };
    const handler = handlers.get(own);
    // The error comes here on a path of its own, which the interceptor's scope does not reach where nobody watches HTTP.
    if (handler === undefined) answer();
    else bind({ 'code.function.name': handler }, answer);
  }
}

/**
 * Names requests by their route and puts controller and handler into the scope: every span, log line and error below
 * has `code.function.name`.
 *
 * Shape: an interceptor for NestJS 11: `app.useGlobalInterceptors(new SondeInterceptor())`.
 */
export class SondeInterceptor {
  intercept<T>(context: ContextLike, next: HandlerLike<T>): T {
    const handler = `${context.getClass().name}.${context.getHandler().name}`;
    if (context.getType() === 'http') {
      const request = context.switchToHttp().getRequest();
      const own = nodes<IncomingMessage>(request);
      nameRoute(request, own);
      handlers.set(own, handler);
    }
    bind({ 'code.function.name': handler });
    return next.handle();
  }
}

/** Which handler serves a request. */
const handlers = new WeakMap<IncomingMessage, string>();

/** On express the request is Node's own; on fastify Node's is below it. */
function nodes<T>(wrapped: unknown): T {
  const { raw } = wrapped as { raw?: T };
  return raw ?? (wrapped as T);
}

function nameRoute(request: unknown, own: IncomingMessage): void {
  const { route, routeOptions } = (request ?? {}) as { route?: { path?: unknown }; routeOptions?: { url?: unknown } };
  const path = route?.path ?? routeOptions?.url;
  if (typeof path === 'string') setRoute(own, path);
}

/** `HttpException`, as far as it is needed. */
interface HttpExceptionLike extends Error {
  getStatus(): number;
  getResponse(): unknown;
}

/** An `HttpException` of the client as other frameworks put it: a sentence that was written for the client stays, one that quotes its body goes. */
function faultOf(exception: unknown): unknown {
  if (!isHttpException(exception)) return undefined;
  try {
    const response = exception.getResponse() as { message?: unknown } | string;
    const message = typeof response === 'string' ? response : response.message;
    const status = exception.getStatus();
    // A parser's error in NestJS's words, or its own 404, which quotes the whole address.
    const isTranslated = exception.stack?.includes('mapExternalException') === true || (status === 404 && OWN_404.test(String(message)));
    return { status, expose: !isTranslated, message: Array.isArray(message) ? message.join('; ') : message };
  } catch {
    return undefined;
  }
}

const OWN_404 = /^Cannot [A-Z]+ \//;

function isHttpException(value: unknown): value is HttpExceptionLike {
  return (
    value instanceof Error &&
    typeof (value as Partial<HttpExceptionLike>).getStatus === 'function' &&
    typeof (value as Partial<HttpExceptionLike>).getResponse === 'function'
  );
}
