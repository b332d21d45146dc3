import { registries } from '../peers/handles.mjs';

const timer = (registry, delayMs) => async () => {
  // Any service has another timer waiting. Without one Node skips half of its own work, and the ratio would flatter nobody.
  setTimeout(() => {}, 86_400_000).unref();
  await registries[registry]();
  const nothing = () => {};
  return { asynchronous: false, op: () => clearTimeout(setTimeout(nothing, delayMs)) };
};

export const scenario = {
  title: 'A timer that is set and cleared: 100 ms, or 30 s where the name says so',
  reference: 'no registry',
  variants: {
    'no registry': timer('none', 100),
    sonde: timer('sonde', 100),
    'no registry, timers of 30 s': timer('none', 30_000),
    'sonde, timers of 30 s': timer('sonde', 30_000),
    'sonde, a stack for each (tests only)': timer('sonde, a stack for each', 100),
    'async_hooks with a stack': timer('async_hooks with a stack', 100),
    'why-is-node-running': timer('why-is-node-running', 100),
    wtfnode: timer('wtfnode', 100),
  },
};
