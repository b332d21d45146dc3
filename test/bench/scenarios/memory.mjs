import { setImmediate as nextTurn } from 'node:timers/promises';
import { calls } from '../peers/sonde.mjs';

const MILLION = 1_000_000;

/** Bytes held after so many calls: the heap after a collection, and the resident set. */
const after = (millions, sampled) => async () => {
  const { op, drain, end } = await calls({ asynchronous: false, sampled, otlp: { endpoint: process.env.BENCH_SINK } });
  return {
    end,
    async sample({ smoke, warm } = {}) {
      const count = smoke || warm ? 1_000 : millions * MILLION;
      for (let i = 0; i < count; i++) {
        op(i);
        if (i % 1_000 === 0) await nextTurn();
      }
      await drain();
      globalThis.gc();
      const { heapUsed, rss, external } = process.memoryUsage();
      return { heap: heapUsed / 2 ** 20, rss: rss / 2 ** 20, external: external / 2 ** 20 };
    },
  };
};

export const scenario = {
  title: 'Memory after many calls: once warm, it must not grow',
  reference: 'sonde, not sampled, 1 million calls',
  rounds: 1,
  columns: { heap: 'heap MiB after collection', rss: 'resident MiB', external: 'external MiB' },
  variants: {
    'sonde, not sampled, 1 million calls': after(1, false),
    'sonde, not sampled, 100 million calls': after(100, false),
    'sonde, sampled, 1 million calls': after(1, true),
    'sonde, sampled, 10 million calls': after(10, true),
  },
};
