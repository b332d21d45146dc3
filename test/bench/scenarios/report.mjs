class OrderError extends Error {
  name = 'OrderError';
}

/** A fresh error with a stack of some depth, so that nothing is deduplicated. */
function failing(depth) {
  if (depth > 0) return failing(depth - 1);
  return new OrderError('Cannot place order "o-17"');
}

/** As many places where an error is made as there are failures that are told apart: none is folded into another. */
const places = Array.from({ length: 1_000 }, (_, i) => new Function('make', `return function place${i}() { return make(10); }`)(failing));
let place = 0;

export const scenario = {
  title: 'An error is made, and its record is on its way: ours is also on disk before the ID is returned',
  reference: 'pino.error',
  variants: {
    'the error alone': async () => ({ op: () => failing(10).stack }),
    'sonde report()': async () => {
      const { report } = await import('../../../dist/public/index.js');
      const { startSonde } = await import('../peers/sonde.mjs');
      return { ...(await startSonde({ logs: { format: 'json' } })), opsPerRound: 4_000, op: () => report(places[place++ % 1_000]()) };
    },
    'sonde report(), a storm of one failure': async () => {
      const { report } = await import('../../../dist/public/index.js');
      const { startSonde } = await import('../peers/sonde.mjs');
      return { ...(await startSonde({ logs: { format: 'json' } })), opsPerRound: 4_000, op: () => report(failing(10)) };
    },
    'pino.error': async () => {
      const { default: pino } = await import('pino');
      const log = pino();
      return { op: () => log.error({ err: failing(10) }, 'failed') };
    },
    'Sentry captureException': async () => {
      const Sentry = await import('@sentry/node');
      (await import('../peers/sentry.mjs')).startSentry({ rate: 0 });
      return { op: () => Sentry.captureException(failing(10)), settle: () => Sentry.flush(1_000) };
    },
  },
};
