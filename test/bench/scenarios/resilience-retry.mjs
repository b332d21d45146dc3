import { watched } from '../peers/watched.mjs';
import { workAsync } from '../peers/work.mjs';

export const scenario = {
  title: 'retry around an asynchronous function that succeeds',
  targets: [{ variant: 'sonde', atMost: { 20: 1, 24: 2 } }],
  reference: 'cockatiel',
  note: 'Each attempt of ours has a scope, by which what fails inside knows that it may be tried again. To enter one is most of the difference on Node 24.',
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
