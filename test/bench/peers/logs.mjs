import { context, trace } from '@opentelemetry/api';
import { startTracing } from './opentelemetry.mjs';

const FIELDS = { order: 'o-17', plan: 'pro', total: 129.5 };

/** One line with an object; `level` `debug` is off. */
const line = (log, level) => () => log[level](FIELDS, 'order placed');

/** pino inside a span of OpenTelemetry, where there is one. */
export async function pinoLines({ level = 'info', mixin, sdk = startTracing, load = async () => (await import('pino')).default } = {}) {
  const { end } = await sdk();
  const pino = await load();
  const within = (run) => context.with(trace.setSpan(context.active(), trace.getTracer('bench').startSpan('request')), run);
  return { op: line(pino({ mixin }), level), within, end };
}

/** What many teams write to have trace IDs on their lines. */
export function traceIds() {
  const { traceId, spanId, traceFlags } = trace.getActiveSpan()?.spanContext() ?? {};
  return { trace_id: traceId, span_id: spanId, trace_flags: traceFlags };
}

/** instrumentation-pino, which adds the IDs and sends the lines through the logs SDK. */
export async function startLogSdk({ send }) {
  const { BatchLogRecordProcessor, LoggerProvider } = await import('@opentelemetry/sdk-logs');
  const { OTLPLogExporter } = await import('@opentelemetry/exporter-logs-otlp-proto');
  const { PinoInstrumentation } = await import('@opentelemetry/instrumentation-pino');
  const { registerInstrumentations } = await import('@opentelemetry/instrumentation');
  const { end } = startTracing();
  const exporter = new OTLPLogExporter({ url: `${process.env.BENCH_SINK}/v1/logs` });
  const loggerProvider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
  registerInstrumentations({ loggerProvider, instrumentations: [new PinoInstrumentation({ disableLogSending: !send })] });
  return { end };
}

/** Ours inside a span of ours; started as `start()` does it, or the lines alone. */
export async function sondeLines({ level = 'info', linesAlone, ...options } = {}) {
  const { logger, span } = await import('../../../dist/public/index.js');
  const within = (run) => span('request', run);
  const op = line(logger('orders'), level);
  if (!linesAlone) {
    const { startSonde } = await import('./sonde.mjs');
    return { ...(await startSonde({ ...options, logs: { format: 'json' } })), opsPerRound: 30_000, op, within };
  }
  const { configureLogs } = await import('../../../dist/logs/configure.js');
  const { createNativeEngine } = await import('../../../dist/trace/engine/native.js');
  const { installEngine } = await import('../../../dist/trace/engine/port.js');
  installEngine(createNativeEngine({ output: { ended() {}, sampledOut() {} } }));
  configureLogs({ format: 'json' });
  return { op, within };
}
