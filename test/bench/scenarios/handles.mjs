import { plainServer, underLoad } from '../peers/http-servers.mjs';

export const scenario = {
  title: 'One JSON route on plain node:http while open handles are watched: CPU a request',
  reference: 'nothing watched',
  rounds: 7,
  columns: { main: 'µs a request, app thread', perSecond: 'requests a second', p99: 'p99, ms' },
  variants: {
    'nothing watched': async () => underLoad(await plainServer()),
    'sonde handle registry': async () => {
      const { installHandles } = await import('../../../dist/handles/install.js');
      installHandles();
      return underLoad(await plainServer());
    },
    'why-is-node-running': async () => {
      await import('why-is-node-running');
      return underLoad(await plainServer());
    },
    wtfnode: async () => {
      await import('wtfnode');
      return underLoad(await plainServer());
    },
  },
};
