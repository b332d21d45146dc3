import { createRequire } from 'node:module';

const logs = () => import('../peers/logs.mjs');
// Loaded by require(), which is where instrumentation-pino hooks in.
const load = async () => createRequire(import.meta.url)('pino');

export const scenario = {
  title: 'One log line with an object of three fields, to /dev/null, inside a span',
  targets: [
    { variant: 'sonde, trace IDs', atMost: { 20: 1.15, 24: 1.15 } },
    { variant: 'sonde, trace IDs, also leaving as OTLP', atMost: { 20: 1.3, 24: 1.3 } },
  ],
  reference: 'pino, no trace IDs',
  variants: {
    'pino, no trace IDs': async () => (await logs()).pinoLines(),
    'sonde, trace IDs': async () => (await logs()).sondeLines({ linesAlone: true }),
    'sonde, trace IDs, also leaving as OTLP': async () => (await logs()).sondeLines({ otlp: { endpoint: process.env.BENCH_SINK } }),
    'sonde, trace IDs, also to the embedded store': async () => (await logs()).sondeLines(),
    winston: async () => {
      const { createLogger, format, transports } = await import('winston');
      const log = createLogger({ level: 'info', format: format.combine(format.timestamp(), format.json()), transports: [new transports.Console()] });
      return { op: () => log.info('order placed', { order: 'o-17', plan: 'pro', total: 129.5 }) };
    },
    LogTape: async () => {
      const { configure, getLogger, getStreamSink, jsonLinesFormatter } = await import('@logtape/logtape');
      const { Writable } = await import('node:stream');
      await configure({
        sinks: { out: getStreamSink(Writable.toWeb(process.stdout), { formatter: jsonLinesFormatter }) },
        loggers: [{ category: [], lowestLevel: 'info', sinks: ['out'] }],
      });
      const log = getLogger(['orders']);
      return { op: () => log.info('order placed', { order: 'o-17', plan: 'pro', total: 129.5 }) };
    },
    'pino with a mixin, trace IDs': async () => (await logs()).pinoLines({ mixin: (await logs()).traceIds }),
    'pino with instrumentation-pino, trace IDs': async () => (await logs()).pinoLines({ load, sdk: async () => (await logs()).startLogSdk({ send: false }) }),
    'pino with instrumentation-pino, also leaving as OTLP': async () =>
      (await logs()).pinoLines({ load, sdk: async () => (await logs()).startLogSdk({ send: true }) }),
  },
};
