import type { IncomingMessage, ServerResponse } from 'node:http';
import { currentScope, runInScope } from '../core/scope.ts';
import { noteCut } from '../http/exchange.ts';

/** What is needed of hono's context on `@hono/node-server`. */
interface StreamingContext {
  res: Response;
  readonly env?: unknown;
}

/**
 * Watches a body that is streamed: it is read after the application has answered, so that an error in it reaches no
 * handler. `failed` is told of it, in the scope of the request, and the connection is cut, so that nobody takes what came
 * for the whole.
 */
export function watchBody(context: StreamingContext, failed: (error: unknown) => void): void {
  const { incoming, outgoing } = (context.env ?? {}) as { incoming?: IncomingMessage; outgoing?: ServerResponse };
  const body = streamOf(context.res);
  if (body === undefined || body.locked) return;
  const scope = currentScope();
  const answer = new Response(
    relay(body, (error) => {
      runInScope(scope, () => failed(error));
      if (outgoing !== undefined) cut(outgoing, error);
    }),
    context.res,
  );
  // The server reads the first pieces of other bodies ahead, and takes an error in them for the end.
  if (incoming?.httpVersion === '1.1' && !answer.headers.has('content-length')) answer.headers.set('Transfer-Encoding', 'chunked');
  context.res = undefined as unknown as Response; // else the headers of both are joined
  context.res = answer;
}

/**
 * The body of a response where it is a stream. Node-server's responses keep what they were made of under a symbol; asking
 * them for `body` would make a stream of every text.
 */
function streamOf(response: Response | undefined): ReadableStream<Uint8Array> | undefined {
  if (response === undefined) return undefined;
  for (const key of Object.getOwnPropertySymbols(response)) {
    const parts = (response as unknown as Record<symbol, unknown>)[key];
    if (Array.isArray(parts) && typeof parts[0] === 'number') return parts[1] instanceof ReadableStream ? parts[1] : undefined;
  }
  return response.body ?? undefined;
}

function relay(body: ReadableStream<Uint8Array>, failed: (error: unknown) => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          failed(error);
          controller.error(error);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 }, // nothing is read before it is asked for
  );
}

/** Later, because the server does it itself most often, and writes what it has read before. */
function cut(response: ServerResponse, error: unknown): void {
  noteCut(response, error);
  setImmediate(() => {
    if (response.destroyed) return;
    response.on('error', () => {});
    response.destroy();
  });
}
