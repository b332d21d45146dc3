import { watched } from '../peers/watched.mjs';
import { workAsync } from '../peers/work.mjs';

export const scenario = {
  title: 'retry around an asynchronous function that succeeds',
  targets: [{ variant: 'sonde', atMost: { 20: 1, 24: 1 } }],
  reference: 'cockatiel',
  variants: {
    'no wrapper': watched(() => workAsync),
    sonde: watched(({ retry }) => retry({ attempts: 3 }, workAsync)),
    cockatiel: watched(async () => {
      const { ExponentialBackoff, handleAll, retry } = await import('cockatiel');
      const policy = retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() });
      return (...args) => policy.execute(() => workAsync(...args));
    }),
  },
};
