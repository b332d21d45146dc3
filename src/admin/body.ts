import type { IncomingMessage } from 'node:http';
import { clock } from '../core/clock.ts';

/** A body that was read whole, or why not. */
export type Body = { readonly text: string } | { readonly parsed: unknown } | { readonly problem: 'too_large' | 'too_slow' | 'aborted' | 'not_utf8' };

export const MAX_BODY = 4_096; // the contract's bound: a level and a reason need less
const MAX_BODY_MS = 5_000; // a body of 4 KiB that takes longer is a slow-loris

/** Reads at most {@link MAX_BODY} bytes. A body that a framework has read already is taken from `request.body`. */
export function readBody(request: IncomingMessage & { body?: unknown }): Promise<Body> {
  if (request.readableEnded || (request.body !== undefined && request.readableDidRead)) return Promise.resolve(givenBody(request.body));
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > MAX_BODY) return Promise.resolve({ problem: 'too_large' });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = clock.setTimeout(() => done({ problem: 'too_slow' }), MAX_BODY_MS);
    const done = (body: Body): void => {
      clock.clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      request.on('error', ignore);
      resolve(body);
    };
    const onData = (chunk: Buffer | string): void => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      size += bytes.length;
      if (size > MAX_BODY) done({ problem: 'too_large' });
      else chunks.push(bytes);
    };
    const onEnd = (): void => done(decode(Buffer.concat(chunks)));
    const onClose = (): void => done({ problem: 'aborted' });
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

function ignore(): void {
  // The answer is under way; what happens to the rest of the body no longer matters.
}

function decode(bytes: Buffer): Body {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { problem: 'not_utf8' };
  }
}

function givenBody(body: unknown): Body {
  if (body === undefined || body === null) return { text: '' };
  if (typeof body === 'string') return body.length > MAX_BODY ? { problem: 'too_large' } : { text: body };
  if (Buffer.isBuffer(body)) return body.length > MAX_BODY ? { problem: 'too_large' } : decode(body);
  return { parsed: body };
}
