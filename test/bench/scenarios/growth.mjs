import { calls } from '../peers/sonde.mjs';

// Every span is stored before the next round: rounds of this size keep the whole scenario within two minutes.
const OPS_PER_ROUND = 20_000;

/** So many traced functions, called in turn; a round goes on where the last one stopped. */
const functions = (count) => async () => {
  const { traced } = await import('../../../dist/public/index.js');
  const variant = await calls({ asynchronous: false, sampled: true });
  const all = Array.from({ length: count }, (_, i) => traced(`work.${i}`, (a) => a + 1));
  let next = 0;
  const op = (i) => {
    next = next + 1 === count ? 0 : next + 1;
    return all[next](i);
  };
  // A first call makes the function's series and name; that is set-up.
  for (let i = 0; i < count; i++) {
    all[i](i);
    if (i % OPS_PER_ROUND === 0) await variant.drain();
  }
  return { ...variant, op, opsPerRound: OPS_PER_ROUND };
};

/** Calls inside calls; one operation is one call. */
const nesting = (depth) => async () => {
  const { traced } = await import('../../../dist/public/index.js');
  const variant = await calls({ asynchronous: false, sampled: true });
  let inner = traced('level.0', (a) => a + 1);
  for (let i = 1; i < depth; i++) {
    const next = inner;
    inner = traced(`level.${i}`, (a) => next(a));
  }
  return { ...variant, op: (i) => (i % depth === 0 ? inner(i) : undefined), opsPerBatch: depth, opsPerRound: OPS_PER_ROUND };
};

/** So many requests under way, each with a call inside; bare: the same promises without us, whose survivors the collector has to move too. */
const concurrency = (count, bare) => async () => {
  const { traced } = bare ? { traced: (_name, fn) => fn } : await import('../../../dist/public/index.js');
  const variant = bare ? { asynchronous: true } : await calls({ asynchronous: true, sampled: true });
  const work = traced('request.work', async (a) => a + 1);
  const request = traced('request', async (a) => {
    await undefined;
    return await work(a);
  });
  // One operation is one request; every so many begin together.
  return {
    ...variant,
    op: (i) => (i % count === 0 ? Promise.all(Array.from({ length: count }, (_, j) => request(j))) : undefined),
    opsPerBatch: count,
    opsPerRound: OPS_PER_ROUND,
  };
};

export const scenario = {
  title: 'Whether the cost of a call stays flat when there is more of everything',
  reference: 'sonde, 10 functions',
  rounds: 7,
  variants: {
    'sonde, 10 functions': functions(10),
    'sonde, 1,000 functions': functions(1_000),
    'sonde, 100,000 functions': functions(100_000),
    'sonde, nesting 10': nesting(10),
    'sonde, nesting 1,000': nesting(1_000),
    'no instrumentation, 10 requests under way': concurrency(10, true),
    'no instrumentation, 10,000 requests under way': concurrency(10_000, true),
    'sonde, 10 requests under way': concurrency(10),
    'sonde, 1,000 requests under way': concurrency(1_000),
    'sonde, 10,000 requests under way': concurrency(10_000),
  },
};
