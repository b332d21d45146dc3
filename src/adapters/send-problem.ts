import type { IncomingMessage, ServerResponse } from 'node:http';
import { noteCut } from '../http/exchange.ts';
import { type ErrorAnswer, type ErrorAnswerInput, errorAnswer } from './error-answer.ts';

/** Headers of the answer that was begun and that no longer fit. */
const STALE = [
  'content-length',
  'content-encoding',
  'content-disposition',
  'content-language',
  'content-range',
  'etag',
  'last-modified',
  'transfer-encoding',
  'accept-ranges',
];

/**
 * Answers a request with an error: reports it, and writes `application/problem+json` with `X-Error-Id`, or a small page
 * for a browser. Nothing internal leaves.
 *
 * Shape: for plain `node:http`; the adapters of frameworks use it too. An answer that was begun cannot be replaced: the
 * connection is cut, so that the client sees that it is incomplete.
 * Errors: never throws.
 *
 * @example
 * import { createServer } from 'node:http';
 * const server = createServer((req, res) => sendProblem(req, res, new Error('no such table: orders')));
 */
export function sendProblem(request: IncomingMessage, response: ServerResponse, error: unknown, options?: ErrorAnswerInput): ErrorAnswer {
  const answer = errorAnswer(error, request, options);
  if (response.headersSent || response.writableEnded) {
    // One that was ended is whole: what of it is still on its way may arrive.
    if (!response.writableEnded) {
      noteCut(response, error);
      response.destroy();
    }
    return answer;
  }
  try {
    for (const name of STALE) response.removeHeader(name);
    const body = Buffer.from(answer.body);
    response.writeHead(answer.status, { ...answer.headers, 'Content-Length': String(body.length) });
    response.end(request.method === 'HEAD' ? undefined : body);
  } catch {
    response.destroy(); // a header that somebody set cannot be written
  }
  return answer;
}
