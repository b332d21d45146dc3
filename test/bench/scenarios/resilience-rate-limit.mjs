import { watched } from '../peers/watched.mjs';
import { work, workAsync } from '../peers/work.mjs';

const MANY = { rate: 1e9, burst: 1e9 }; // a token is always there
const TIERS = [MANY, { rate: 1e9, per: '1h', burst: 1e9 }];
const KEYS = Array.from({ length: 5_000 }, (_, i) => `user-${i}`);
/** Nothing is awaited, which would cost more than what is measured. */
const atOnce = (make) => async () => ({ ...(await watched(make)()), asynchronous: false });

export const scenario = {
  title: 'A call through a rate limit that has tokens; the reference is a counter that a timer sets back',
  targets: [{ variant: 'sonde, synchronous', atMost: { 20: 20, 24: 20 } }],
  reference: 'a bare counter, synchronous',
  variants: {
    'a bare counter, synchronous': atOnce(() => {
      let left = 1e9;
      setInterval(() => {
        left = 1e9;
      }, 1_000).unref();
      return (i) => {
        if (left-- <= 0) throw new Error('too many');
        return work(i);
      };
    }),
    'sonde, synchronous': atOnce(({ rateLimit }) => rateLimit(MANY, work)),
    'sonde, synchronous, two tiers': atOnce(({ rateLimit }) => rateLimit({ tiers: TIERS }, work)),
    'sonde, synchronous, 5,000 keys': atOnce(({ rateLimit }) => rateLimit({ ...MANY, key: (i) => KEYS[i % KEYS.length] }, work)),
    'sonde, tryAcquire': atOnce(({ rateLimit }) => {
      const limiter = rateLimit(MANY);
      return () => limiter.tryAcquire();
    }),
    'no limit, asynchronous': watched(() => workAsync),
    'sonde, asynchronous': watched(({ rateLimit }) => rateLimit({ ...MANY, wait: true }, workAsync)),
  },
};
