// Ways to know what a process holds open, each put in before the work that is measured is built.
import { createHook } from 'node:async_hooks';

export const registries = {
  none: async () => {},
  sonde: async () => {
    const { installHandles } = await import('../../../dist/handles/install.js');
    installHandles();
  },
  'sonde, a stack for each': async () => {
    const { installHandles } = await import('../../../dist/handles/install.js');
    const { captureEverySite } = await import('../../../dist/handles/origin.js');
    installHandles();
    captureEverySite();
  },
  'why-is-node-running': () => import('why-is-node-running'),
  wtfnode: () => import('wtfnode'),
  'async_hooks with a stack': async () => {
    const open = new Map();
    createHook({
      init(id, type) {
        if (type !== 'PROMISE') open.set(id, new Error(type).stack);
      },
      destroy(id) {
        open.delete(id);
      },
    }).enable();
  },
};
