import { registries } from '../peers/handles.mjs';

const nothing = () => {};
const TIMERS_AT_ONCE = 100; // one wait for the event loop is shared by as many

const clearedTimeout = (delayMs) => () => clearTimeout(setTimeout(nothing, delayMs));
const clearedInterval = () => clearInterval(setInterval(nothing, 1_000));
const fired = (start) => () =>
  new Promise((resolve) => {
    let left = TIMERS_AT_ONCE;
    const done = () => {
      if (--left === 0) resolve();
    };
    for (let i = 0; i < TIMERS_AT_ONCE; i++) start(done);
  });
const firedTimeouts = fired((done) => setTimeout(done, 1));
const firedImmediates = fired((done) => setImmediate(done));
async function sleeps() {
  const { setTimeout: sleep } = await import('node:timers/promises');
  return () => Promise.all(Array.from({ length: TIMERS_AT_ONCE }, () => sleep(1)));
}

/** A service: another timer waits, and timers of all lengths have been. `make` is called once the registry is in. */
const service = (registry, asynchronous, make) => async () => {
  setTimeout(nothing, 86_400_000).unref();
  await registries[registry]();
  return { asynchronous, op: await make() };
};
const cleared = (registry, op) => service(registry, false, () => op);
const awaited = (registry, op) => service(registry, true, () => op);

export const scenario = {
  title:
    'A timer that is set and cleared: 100 ms, where the name says nothing else. "100 that fire" is set, waited for and called; such a row is to be ' +
    'read against the one above it',
  reference: 'no registry',
  variants: {
    'no registry': cleared('none', clearedTimeout(100)),
    sonde: cleared('sonde', clearedTimeout(100)),
    'no registry, timers of 30 s': cleared('none', clearedTimeout(30_000)),
    'sonde, timers of 30 s': cleared('sonde', clearedTimeout(30_000)),
    'no registry, intervals of 1 s': cleared('none', clearedInterval),
    'sonde, intervals of 1 s': cleared('sonde', clearedInterval),
    'no registry, 100 that fire': awaited('none', firedTimeouts),
    'sonde, 100 that fire': awaited('sonde', firedTimeouts),
    'no registry, 100 immediates': awaited('none', firedImmediates),
    'sonde, 100 immediates': awaited('sonde', firedImmediates),
    'no registry, 100 of timers/promises': service('none', true, sleeps),
    'sonde, 100 of timers/promises': service('sonde', true, sleeps),
    'sonde, a stack for each (tests only)': cleared('sonde, a stack for each', clearedTimeout(100)),
    'async_hooks with a stack': cleared('async_hooks with a stack', clearedTimeout(100)),
    'why-is-node-running': cleared('why-is-node-running', clearedTimeout(100)),
    wtfnode: cleared('wtfnode', clearedTimeout(100)),
  },
};
