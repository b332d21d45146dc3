import * as Sentry from '@sentry/node';
import { work, workAsync } from './work.mjs';

/** Sentry with a transport that discards in process. `bufferSize`: events under way at once, past which it drops; its default is 64. */
export function startSentry({ rate, bufferSize }) {
  Sentry.init({
    dsn: 'http://key@127.0.0.1:9/1',
    tracesSampleRate: rate,
    transportOptions: bufferSize === undefined ? undefined : { bufferSize },
    transport: () => ({ send: async () => ({}), flush: async () => true }),
  });
}

export function calls({ asynchronous, sampled }) {
  startSentry({ rate: sampled ? 1 : 0 });
  const op = (a) => Sentry.startSpan({ name: 'work' }, () => work(a));
  const opAsync = (a) => Sentry.startSpan({ name: 'work' }, () => workAsync(a));
  return { asynchronous, op: asynchronous ? opAsync : op, settle: () => Sentry.flush(1_000), end: () => Sentry.close(1_000) };
}
