import { watched } from '../peers/watched.mjs';
import { workAsync } from '../peers/work.mjs';

/** What one writes oneself: each attempt can be cancelled, the caller's own signal is left out, nothing is counted or limited. */
const byHand = (fn, afterMs) => (arg) =>
  new Promise((resolve, reject) => {
    const first = new AbortController();
    const second = new AbortController();
    const timer = setTimeout(() => {
      fn(arg, second.signal).then((value) => {
        first.abort();
        resolve(value);
      }, reject);
    }, afterMs);
    fn(arg, first.signal).then((value) => {
      clearTimeout(timer);
      second.abort();
      resolve(value);
    }, reject);
  });

export const scenario = {
  title: 'hedge around an asynchronous function that answers in time',
  targets: [{ variant: 'sonde', atMost: { 20: 1, 24: 1 } }],
  reference: 'by hand',
  variants: {
    'no wrapper': watched(() => workAsync),
    sonde: watched(({ hedge }) => hedge({ after: '1s' }, workAsync)),
    'sonde, a percentile': watched(({ hedge }) => hedge({ after: 'p95' }, workAsync)),
    'by hand': watched(() => byHand(workAsync, 1_000)),
  },
};
