import { startSonde } from '../peers/sonde.mjs';
import { workAsync } from '../peers/work.mjs';

const OPS_PER_ROUND = 4_000;
const refusedBy = (call) => (i) => call(i).then(undefined, () => {});

export const scenario = {
  title: 'A call that an open circuit breaker refuses: ours has an error ID that is on disk, cockatiel’s error is reported where that is wanted',
  targets: [{ variant: 'sonde', atMost: { 20: 1.5, 24: 1.5 } }],
  reference: 'cockatiel, and report() of its error',
  variants: {
    sonde: async () => {
      const { breaker } = await import('../../../dist/public/index.js');
      const running = await startSonde({ logs: { format: 'json' } });
      const guarded = breaker('bench');
      guarded.open();
      return { ...running, asynchronous: true, opsPerRound: OPS_PER_ROUND, op: refusedBy(guarded(workAsync)) };
    },
    'cockatiel alone': async () => {
      const policy = await isolated();
      return { ...(await startSonde({ logs: { format: 'json' } })), asynchronous: true, op: refusedBy((i) => policy.execute(() => workAsync(i))) };
    },
    'cockatiel, and report() of its error': async () => {
      const { report } = await import('../../../dist/public/index.js');
      const running = await startSonde({ logs: { format: 'json' } });
      const policy = await isolated();
      const op = (i) => policy.execute(() => workAsync(i)).then(undefined, (error) => report(error, { kind: 'known' }));
      return { ...running, asynchronous: true, opsPerRound: OPS_PER_ROUND, op };
    },
  },
};

async function isolated() {
  const { circuitBreaker, ConsecutiveBreaker, handleAll } = await import('cockatiel');
  const policy = circuitBreaker(handleAll, { breaker: new ConsecutiveBreaker(1), halfOpenAfter: 30_000 });
  policy.isolate();
  return policy;
}
