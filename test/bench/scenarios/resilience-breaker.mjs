import { startSonde } from '../peers/sonde.mjs';
import { work, workAsync } from '../peers/work.mjs';

/** A breaker of ours in a program whose telemetry runs: calls are timed and counted. */
const sonde = (fn, options) => async () => {
  const { breaker } = await import('../../../dist/public/index.js');
  const running = await startSonde();
  return { ...running, asynchronous: fn === workAsync, op: breaker('bench', options)(fn) };
};

/** So many breakers, called in turn: whether a call costs more where there are more. */
const many = (count) => async () => {
  const { breaker } = await import('../../../dist/public/index.js');
  const running = await startSonde();
  const all = Array.from({ length: count }, (_, i) => breaker(`bench.${i}`)(work));
  let next = 0;
  const op = (i) => {
    next = next + 1 === count ? 0 : next + 1;
    return all[next](i);
  };
  return { ...running, op };
};

/** cockatiel's in the same program, where every promise carries a scope already. */
const cockatiel = (duration) => async () => {
  const { circuitBreaker, handleAll, CountBreaker, SamplingBreaker } = await import('cockatiel');
  const running = await startSonde();
  const breaker = duration ? new SamplingBreaker({ threshold: 0.5, duration }) : new CountBreaker({ threshold: 0.5, size: 100, minimumNumberOfCalls: 20 });
  const policy = circuitBreaker(handleAll, { breaker, halfOpenAfter: 30_000 });
  return { ...running, asynchronous: true, op: (i) => policy.execute(() => workAsync(i)) };
};

export const scenario = {
  title: 'A call through a closed circuit breaker, in a program whose telemetry runs; ours is timed and counted, too',
  targets: [{ variant: 'sonde, asynchronous', atMost: { 20: 1, 24: 1 } }],
  reference: 'cockatiel, asynchronous',
  variants: {
    'no breaker, asynchronous': async () => ({ ...(await startSonde()), asynchronous: true, op: workAsync }),
    'sonde, synchronous': sonde(work, {}),
    'sonde, asynchronous': sonde(workAsync, {}),
    'sonde, asynchronous, the last 10 s': sonde(workAsync, { window: '10s' }),
    'sonde, asynchronous, slow calls too': sonde(workAsync, { slowCall: '1s' }),
    'sonde, synchronous, 10 breakers': many(10),
    'sonde, synchronous, 1,000 breakers': many(1_000),
    'sonde, synchronous, the last 100,000 calls': sonde(work, { window: 100_000 }),
    'cockatiel, asynchronous': cockatiel(),
    'cockatiel, asynchronous, the last 10 s': cockatiel(10_000),
  },
};
