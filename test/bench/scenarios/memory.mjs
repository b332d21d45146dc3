import { setImmediate as nextTurn } from 'node:timers/promises';
import { calls } from '../peers/sonde.mjs';

const MILLION = 1_000_000;
/** Calls between two turns of the event loop, so that batches leave and timers run. */
const CALLS_PER_TURN = 10_000;

/**
 * Bytes held by one process after its first twenty million of calls and after a hundred million: the heap after a collection,
 * and the resident set. At full speed most spans of the sampled variant find the queue full: that is where memory could grow.
 */
const growing = (sampled) => async () => {
  const { op, drain, end, sonde } = await calls({ asynchronous: false, sampled, otlp: { endpoint: process.env.BENCH_SINK } });
  let made = 0;
  const make = async (count) => {
    for (const until = made + count; made < until; ) {
      for (let i = 0; i < CALLS_PER_TURN; i++) op(made++);
      await nextTurn();
    }
    await drain();
    globalThis.gc();
    const { heapUsed, rss } = process.memoryUsage();
    return { heap: heapUsed / 2 ** 20, rss: rss / 2 ** 20 };
  };
  return {
    end,
    async sample({ smoke, warm } = {}) {
      if (warm) return undefined;
      const first = await make(smoke ? CALLS_PER_TURN : 20 * MILLION);
      const last = await make(smoke ? CALLS_PER_TURN : 80 * MILLION);
      const { produced, sent } = sonde.ledger().span;
      return {
        rssLast: last.rss,
        rssFirst: first.rss,
        heapFirst: first.heap,
        heapLast: last.heap,
        sent: sent / Math.max(1, produced),
      };
    },
  };
};

export const scenario = {
  title: 'Memory of one process over 100 million traced calls: it must not grow',
  reference: 'sonde, not sampled',
  rounds: 1,
  columns: {
    rssLast: 'resident MiB after 100 million',
    rssFirst: 'after 20 million',
    heapFirst: 'heap MiB after 20 million, collected',
    heapLast: 'after 100 million',
    sent: 'share of spans that were sent',
  },
  variants: {
    'sonde, not sampled': growing(false),
    'sonde, sampled, OTLP': growing(true),
  },
};
