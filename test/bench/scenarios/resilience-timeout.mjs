import { watched } from '../peers/watched.mjs';
import { workAsync } from '../peers/work.mjs';

const plain = () => workAsync;
const asking =
  (signal) =>
  (...args) => {
    if (signal().aborted) throw new Error('aborted');
    return workAsync(...args);
  };

export const scenario = {
  title: 'timeout around an asynchronous function that is in time',
  targets: [
    { variant: 'sonde', atMost: { 20: 0.15, 24: 0.3 } },
    { variant: 'sonde, the function asks for its signal', atMost: { 20: 0.6, 24: 0.6 } },
  ],
  reference: 'cockatiel',
  variants: {
    'no wrapper': watched(() => workAsync),
    sonde: watched(({ signal, timeout }) => timeout('2s', plain(signal))),
    'sonde, the function asks for its signal': watched(({ signal, timeout }) => timeout('2s', asking(signal))),
    cockatiel: watched(async () => {
      const { TimeoutStrategy, timeout } = await import('cockatiel');
      const policy = timeout(2_000, TimeoutStrategy.Aggressive);
      return (...args) => policy.execute(({ signal }) => plain(signal)(...args));
    }),
  },
};
