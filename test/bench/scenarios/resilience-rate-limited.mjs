import { startSonde } from '../peers/sonde.mjs';
import { work, workAsync } from '../peers/work.mjs';

const OPS_PER_ROUND = 4_000;
const NEVER = { rate: 0, burst: 0 };

const refused = (make) => async () => {
  const sonde = await import('../../../dist/public/index.js');
  return { ...(await startSonde({ logs: { format: 'json' } })), opsPerRound: OPS_PER_ROUND, ...make(sonde) };
};
const thrownBy = (call) => (i) => {
  try {
    call(i);
  } catch {
    // refused
  }
};

export const scenario = {
  title: 'A call that a rate limit or a bulkhead refuses: each has an error ID that is on disk',
  targets: [{ variant: 'sonde, rate limit', atMost: { 20: 2, 24: 2 } }],
  reference: 'an error, and report() of it',
  variants: {
    'an error, and report() of it': refused(({ defineError, report }) => {
      const TooMany = defineError('bench/too-many', { status: 429 });
      return { op: () => report(new TooMany('Too many calls')) };
    }),
    'sonde, rate limit': refused(({ rateLimit }) => ({ op: thrownBy(rateLimit('bench', NEVER, work)) })),
    'sonde, rate limit, asynchronous': refused(({ rateLimit }) => {
      const limited = rateLimit('bench', NEVER, workAsync);
      return { asynchronous: true, op: (i) => limited(i).then(undefined, () => {}) };
    }),
    'sonde, bulkhead': refused(({ bulkhead }) => {
      const own = bulkhead('bench', { max: 1 });
      void own(() => new Promise(() => {}))();
      return { op: thrownBy(own(work)) };
    }),
    'sonde, tryAcquire, which makes no error': refused(({ rateLimit }) => {
      const limiter = rateLimit('bench', NEVER);
      return { op: () => limiter.tryAcquire() };
    }),
  },
};
