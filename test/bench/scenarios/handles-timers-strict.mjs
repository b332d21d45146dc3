import { registries } from '../peers/handles.mjs';

const nothing = () => {};

/** No other timer waits and none of more than 100 ms was ever set: Node then does half of its own work (its lists stay in a plain array). */
const alone = (registry) => async () => {
  await registries[registry]();
  return { asynchronous: false, op: () => clearTimeout(setTimeout(nothing, 100)) };
};

export const scenario = {
  title: 'A timer of 100 ms that is set and cleared in a process that has no other timer and never had a longer one',
  reference: 'no registry',
  targets: [{ variant: 'sonde', atMost: { 20: 2.5, 22: 2.5, 24: 2.5, 26: 2.5 } }],
  variants: {
    'no registry': alone('none'),
    sonde: alone('sonde'),
    'async_hooks with a stack': alone('async_hooks with a stack'),
    'why-is-node-running': alone('why-is-node-running'),
  },
};
