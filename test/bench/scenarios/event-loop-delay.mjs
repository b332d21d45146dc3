import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const SPANS_PER_SECOND = 20_000;
const TICK_MS = 10;
const SECONDS = 2;

/** A steady load: so many calls every 10 ms, as a server under traffic makes them. */
function steady(load) {
  return async () => {
    const { op, end } = await load();
    return {
      end,
      async sample({ smoke, warm } = {}) {
        const histogram = monitorEventLoopDelay({ resolution: 1 });
        const utilisation = performance.eventLoopUtilization();
        const until = performance.now() + (smoke ? 50 : warm ? 500 : SECONDS * 1_000);
        histogram.enable();
        let next = performance.now();
        for (let i = 0; performance.now() < until; next += TICK_MS) {
          for (let end = i + (SPANS_PER_SECOND * TICK_MS) / 1_000; i < end; i++) op(i);
          await sleep(Math.max(0, next + TICK_MS - performance.now()));
        }
        histogram.disable();
        const at = (share) => histogram.percentile(share) / 1e6;
        const busy = performance.eventLoopUtilization(utilisation).utilization;
        return { p999: at(99.9), p99: at(99), p50: at(50), busy };
      },
    };
  };
}

const otlp = { endpoint: process.env.BENCH_SINK };

export const scenario = {
  title: 'Event-loop delay while 20,000 spans a second are made and sent',
  reference: 'no instrumentation',
  rounds: 7,
  columns: { p999: 'p99.9, ms', p99: 'p99, ms', p50: 'p50, ms', busy: 'loop utilisation' },
  variants: {
    'no instrumentation': steady(async () => (await import('../peers/bare.mjs')).calls({ asynchronous: false })),
    'sonde, OTLP': steady(async () => (await import('../peers/sonde.mjs')).calls({ asynchronous: false, sampled: true, otlp })),
    'sonde, embedded store': steady(async () => (await import('../peers/sonde.mjs')).calls({ asynchronous: false, sampled: true })),
    'OpenTelemetry batch processor, protobuf exporter': steady(async () => {
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
      const exporter = new OTLPTraceExporter({ url: `${process.env.BENCH_SINK}/v1/traces` });
      return (await import('../peers/hand-written.mjs')).calls({ asynchronous: false, sampled: true, exporter });
    }),
  },
};
