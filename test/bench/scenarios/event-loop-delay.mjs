import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../meter.mjs';
import { watchDelay } from '../watch-delay.mjs';

const SPANS_PER_SECOND = 20_000;
const TICK_MS = 10;
const SECONDS = 3;

/** A steady load: so many calls every 10 ms, as a server under traffic makes them. */
function steady(load) {
  return async () => {
    const { op, end } = await load();
    return {
      end,
      async sample({ smoke, warm } = {}) {
        const utilisation = performance.eventLoopUtilization();
        const until = performance.now() + (smoke ? 50 : warm ? 500 : SECONDS * 1_000);
        const stop = watchDelay();
        let next = performance.now();
        for (let i = 0; performance.now() < until; next += TICK_MS) {
          for (let end = i + (SPANS_PER_SECOND * TICK_MS) / 1_000; i < end; i++) op(i);
          await sleep(Math.max(0, next + TICK_MS - performance.now()));
        }
        const { own, seen } = stop();
        const busy = performance.eventLoopUtilization(utilisation).utilization;
        return { own999: quantile(own, 0.999), own99: quantile(own, 0.99), p999: quantile(seen, 0.999), busy };
      },
    };
  };
}

const otlp = { endpoint: process.env.BENCH_SINK };

export const scenario = {
  title: 'Event-loop delay while 20,000 spans a second are made and sent',
  reference: 'no instrumentation',
  rounds: 7,
  columns: { own999: 'p99.9 by its own work, ms', own99: 'p99 of the same, ms', p999: 'p99.9 as seen, ms', busy: 'loop utilisation' },
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
