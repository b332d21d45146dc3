const logs = () => import('../peers/logs.mjs');

export const scenario = {
  title: 'A line of a level that is off',
  targets: [{ variant: 'sonde', atMost: { 20: 1.5, 24: 1.5 } }],
  reference: 'pino',
  variants: {
    pino: async () => (await logs()).pinoLines({ level: 'debug' }),
    sonde: async () => ({ ...(await (await logs()).sondeLines({ level: 'debug' })), opsPerRound: undefined }),
    'sonde, debug leased to another trace': async () => {
      const variant = await (await logs()).sondeLines({ level: 'debug' });
      const { setLevel } = await import('../../../dist/public/index.js');
      setLevel('orders', 'debug', { ttlMs: 3_600_000, scope: { trace: '0af7651916cd43dd8448eb211c80319c' } });
      return { ...variant, opsPerRound: undefined };
    },
    winston: async () => {
      const { createLogger, transports } = await import('winston');
      const log = createLogger({ level: 'info', transports: [new transports.Console()] });
      return { op: () => log.debug('order placed', { order: 'o-17', plan: 'pro', total: 129.5 }) };
    },
    LogTape: async () => {
      const { configure, getConsoleSink, getLogger } = await import('@logtape/logtape');
      await configure({ sinks: { console: getConsoleSink() }, loggers: [{ category: [], lowestLevel: 'info', sinks: ['console'] }] });
      const log = getLogger(['orders']);
      return { op: () => log.debug('order placed', { order: 'o-17', plan: 'pro', total: 129.5 }) };
    },
  },
};
