import type { IncomingMessage } from 'node:http';
import { setRoute } from '../http/route.ts';
import { type ErrorAnswerOptions, errorAnswer } from './error-answer.ts';

/** What an error answer needs of a request: Node's own, or one made of a web `Request`. */
type RequestFacts = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** A web request as the error answer wants it. */
export function factsOf(request: Request, route: string | undefined): IncomingMessage {
  const { pathname } = new URL(request.url);
  const facts: RequestFacts = { method: request.method, url: pathname, headers: Object.fromEntries(request.headers) };
  if (route !== undefined) setRoute(facts as IncomingMessage, route);
  return facts as IncomingMessage;
}

/** An error as a web `Response`; for frameworks that speak `fetch`'s language. */
export function errorResponse(error: unknown, request: Request, route: string | undefined, options?: ErrorAnswerOptions): Response {
  const answer = errorAnswer(error, factsOf(request, route), options);
  return new Response(request.method === 'HEAD' ? null : answer.body, { status: answer.status, headers: { ...answer.headers } });
}
