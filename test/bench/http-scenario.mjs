import { AsyncLocalStorage } from 'node:async_hooks';
import { underLoad } from './peers/http-servers.mjs';

async function opentelemetry() {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http');
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const traceExporter = new OTLPTraceExporter({ url: `${process.env.BENCH_SINK}/v1/traces` });
  const sdk = new NodeSDK({ serviceName: 'bench', traceExporter, instrumentations: [new HttpInstrumentation()] });
  sdk.start();
  return () => sdk.shutdown();
}

const NOTE =
  'The ratio, compared with the target, is the app-thread CPU kept: what the thread that answers could answer with a core to itself. ' +
  'Throughput and p99 as seen are shared with the load generator, the worker and the collector of garbage on the same two cores.';

/** The scenario of one kind of server; `serve` starts it, given what a variant adds to it. */
export function httpScenario({ title, serve, withStorage, sondeServer }) {
  const storage = new AsyncLocalStorage();
  const variants = {
    'no instrumentation': async () => underLoad(await serve()),
    'one AsyncLocalStorage and nothing else': async () => underLoad(await withStorage(storage)),
    'sonde, OTLP': async () => {
      const { startSonde } = await import('./peers/sonde.mjs');
      const { end } = await startSonde({ otlp: { endpoint: process.env.BENCH_SINK } });
      return underLoad(await sondeServer(), end);
    },
    'sonde, embedded store': async () => {
      const { startSonde } = await import('./peers/sonde.mjs');
      const { end } = await startSonde();
      return underLoad(await sondeServer(), end);
    },
    'OpenTelemetry http instrumentation, protobuf exporter': async () => {
      const end = await opentelemetry();
      return underLoad(await serve(), end);
    },
    'dd-trace': async () => {
      const { startDatadog } = await import('./peers/dd-trace.mjs');
      startDatadog({ plugins: true });
      return underLoad(await serve());
    },
    'Sentry, rate 1': async () => {
      const { startSentry } = await import('./peers/sentry.mjs');
      startSentry({ rate: 1 });
      return underLoad(await serve());
    },
  };
  const columns = {
    capacity: 'requests a second of app-thread CPU',
    perSecond: 'requests a second seen',
    p99: 'p99, ms',
    main: 'µs a request, app thread',
    process: 'µs a request, process',
  };
  const targets = [{ variant: 'sonde, OTLP', atLeast: { 20: 0.75, 24: 0.9 } }];
  const kept = { perSecond: { title: 'throughput kept' }, p99: { title: 'p99 kept', lower: true } };
  return { title, targets, reference: 'no instrumentation', rounds: 7, columns, kept, note: NOTE, variants };
}
