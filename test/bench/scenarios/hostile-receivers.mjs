import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { load } from '../load.mjs';
import { quantile, timed } from '../meter.mjs';
import { watchDelay } from '../watch-delay.mjs';

const RECEIVER = join(import.meta.dirname, '..', 'programs', 'hostile-receiver.mjs');
/** Far below what the service can answer, so that its latency is its own and not a queue's. */
const REQUESTS_PER_SECOND = 400;
const CALLS_PER_REQUEST = 20;
const SECONDS = 3;

/** A service under a steady load whose records go to a receiver that behaves like this; `away`: nobody listens. */
const service = (behaviour) => async () => {
  const receiver = behaviour === 'away' ? undefined : fork(RECEIVER, [behaviour], { execArgv: [] });
  const port = receiver === undefined ? 1 : (await once(receiver, 'message'))[0];
  const { startSonde } = await import('../peers/sonde.mjs');
  const { sonde, end } = await startSonde({ otlp: { endpoint: `http://127.0.0.1:${port}`, timeout: '1s' } });
  const { logger, traced } = await import('../../../dist/public/index.js');
  const { plainServer } = await import('../peers/http-servers.mjs');
  const log = logger('bench');
  const work = traced('work', (n) => n + 1);
  let requests = 0;
  const { url, close } = await plainServer((_request, next) => {
    for (let i = 0; i < CALLS_PER_REQUEST; i++) work(i);
    log.info({ request: requests++ }, requests % 100 === 0 ? 'a bad record' : 'a record');
    next();
  });
  return {
    async sample({ smoke, warm } = {}) {
      let seen;
      const stop = watchDelay();
      const { mainUs } = await timed(async () => {
        seen = await load(url, { seconds: smoke || warm ? 1 : SECONDS, connections: 10, perSecond: REQUESTS_PER_SECOND });
      });
      const { own } = stop();
      if (seen.errors > 0 || seen.requests === 0) throw new Error(`the load saw ${seen.errors} errors in ${seen.requests} requests`);
      const { produced, stored, sent, spooled, pending, dropped } = sonde.ledger().span;
      const given = Object.values(dropped).reduce((a, b) => a + b, 0);
      if (produced !== stored + sent + spooled + pending + given) throw new Error(`the ledger does not add up: ${JSON.stringify(sonde.ledger().span)}`);
      return {
        p99: seen.p99,
        p50: seen.p50,
        own999: quantile(own, 0.999),
        main: mainUs / seen.requests,
        sent: sent / produced,
        spooled: spooled / produced,
        dropped: given / produced,
      };
    },
    async end() {
      await close();
      await end();
      receiver?.disconnect();
    },
  };
};

export const scenario = {
  title: 'Latency of a service under 400 requests (8,400 spans) a second while its receiver of telemetry misbehaves: it must not move',
  reference: 'sonde, healthy receiver',
  paired: true,
  rounds: 7,
  columns: {
    p99: 'p99, ms',
    p50: 'p50, ms',
    own999: 'p99.9 of the event-loop delay by its own work, ms',
    main: 'µs a request, app thread',
    sent: 'share sent',
    spooled: 'share in the spool',
    dropped: 'share counted as dropped',
  },
  variants: {
    'sonde, healthy receiver': service('healthy'),
    'sonde, receiver is away': service('away'),
    'sonde, reads 1 byte a second': service('reads 1 byte a second'),
    'sonde, hangs': service('hangs'),
    'sonde, answers 500': service('answers 500'),
    'sonde, answers 429 with Retry-After': service('answers 429'),
    'sonde, answers 400 for one bad record': service('refuses what holds a bad record'),
    'sonde, answers garbage': service('answers garbage'),
    'sonde, gives half an answer': service('gives half an answer'),
    'sonde, closes in the middle of a request': service('closes in the middle of a request'),
  },
};
