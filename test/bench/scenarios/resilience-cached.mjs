import { createRequire } from 'node:module';
import { startSonde } from '../peers/sonde.mjs';

const KEYS = Array.from({ length: 500 }, (_, i) => `order-${i}`);
const keyOf = (i) => KEYS[i % KEYS.length];
const MAX = 1_000;
const TTL_MS = 3_600_000; // no call of a round is after it

/** A function whose results are all there, so that every call is a hit. */
const sonde = (fn, argumentsOf, options) => async () => {
  const { cached } = await import('../../../dist/public/index.js');
  const running = await startSonde();
  const find = cached('bench', { max: MAX, ttl: '1h', ...options }, fn);
  for (let i = 0; i < KEYS.length; i++) await find(...argumentsOf(i));
  return { ...running, find, op: (i) => find(...argumentsOf(i)) };
};

/** The version that the product has: a peer brings an older one. */
const lruCache = (options) => async () => {
  const { LRUCache } = createRequire(new URL('../../../dist/public/index.js', import.meta.url))('lru-cache');
  const running = await startSonde();
  const cache = new LRUCache({ max: MAX, ttl: TTL_MS, ...options });
  const find = (id) => {
    let found = cache.get(id);
    if (found === undefined) {
      found = id.length;
      cache.set(id, found);
    }
    return found;
  };
  for (const key of KEYS) find(key);
  return { ...running, op: (i) => find(keyOf(i)) };
};

const one = (i) => [keyOf(i)];

export const scenario = {
  title: 'A result that is in the cache, in a program whose telemetry runs; ours makes the key, goes by the object and counts, too',
  targets: [{ variant: 'sonde', atMost: { 20: 2, 24: 2 } }],
  reference: 'lru-cache, a look at the clock for each call',
  variants: {
    sonde: sonde((id) => id.length, one),
    'sonde, two arguments': sonde(
      (id, times) => id.length * times,
      (i) => [keyOf(i), 2],
    ),
    'sonde, a method': async () => {
      const { find, ...running } = await sonde(function (id) {
        return id.length + (this?.base ?? 0); // it is called without an object first
      }, one)();
      const object = { base: 1, find };
      for (const key of KEYS) object.find(key);
      return { ...running, op: (i) => object.find(keyOf(i)) };
    },
    'sonde, asynchronous': async () => ({ ...(await sonde(async (id) => id.length, one)()), asynchronous: true }),
    'sonde, stale-while-revalidate': sonde((id) => id.length, one, { stale: '1h' }),
    'lru-cache, a look at the clock for each call': lruCache({ ttlResolution: 0 }),
    'lru-cache, its clock read once a millisecond': lruCache({}),
  },
};
