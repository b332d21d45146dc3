import { watched } from '../peers/watched.mjs';
import { work, workAsync } from '../peers/work.mjs';

export const scenario = {
  title: 'fallback around an asynchronous function that succeeds',
  targets: [{ variant: 'sonde', atMost: { 20: 1, 24: 1 } }],
  reference: 'cockatiel',
  variants: {
    'no wrapper': watched(() => workAsync),
    sonde: watched(({ fallback }) => fallback({ to: 0 }, workAsync)),
    'sonde, synchronous': watched(({ fallback }) => fallback({ to: 0 }, work)),
    cockatiel: watched(async () => {
      const { fallback, handleAll } = await import('cockatiel');
      const policy = fallback(handleAll, 0);
      return (...args) => policy.execute(() => workAsync(...args));
    }),
  },
};
