import { timed } from '../meter.mjs';

// 1,000 label sets of a histogram with 8 buckets: 10 rows each with sum and count, 10,000 series and a bit.
const SETS = 1_000;
const BUCKETS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

const labelsOf = (i) => ({ route: `/orders/${i % 100}`, method: `m${Math.floor(i / 100)}` });

/** Renders the page once a sample; the page is checked to hold the series. */
function page(load) {
  return async () => {
    const render = await load();
    return {
      async sample() {
        let text = '';
        const { mainUs, wallMs } = await timed(async () => {
          text = await render();
        });
        const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
        if (series < SETS * 10) throw new Error(`the page has ${series} series, expected ${SETS * 10}`);
        return { main: mainUs / 1_000, wall: wallMs };
      },
    };
  };
}

export const scenario = {
  title: '`/metrics` with 10,000 series',
  targets: [{ variant: 'sonde', atMost: { 20: 0.3, 24: 0.3 } }],
  reference: 'prom-client',
  rounds: 15,
  columns: { main: 'CPU ms, app thread', wall: 'ms' },
  variants: {
    sonde: page(async () => {
      const { histogram, renderMetrics } = await import('../../../dist/public/index.js');
      const durations = histogram('bench_duration_seconds', { help: 'Durations', labels: ['route', 'method'], buckets: BUCKETS });
      for (let i = 0; i < SETS; i++) durations.observe(labelsOf(i), 0.02 * i);
      return async () => (await renderMetrics(undefined)).body;
    }),
    'prom-client': page(async () => {
      const { Histogram, Registry } = await import('prom-client');
      const registry = new Registry();
      const durations = new Histogram({
        name: 'bench_duration_seconds',
        help: 'Durations',
        labelNames: ['route', 'method'],
        buckets: BUCKETS,
        registers: [registry],
      });
      for (let i = 0; i < SETS; i++) durations.observe(labelsOf(i), 0.02 * i);
      return () => registry.metrics();
    }),
    'OpenTelemetry Prometheus exporter': page(async () => {
      const { MeterProvider } = await import('@opentelemetry/sdk-metrics');
      const { PrometheusExporter, PrometheusSerializer } = await import('@opentelemetry/exporter-prometheus');
      const exporter = new PrometheusExporter({ preventServerStart: true });
      const meter = new MeterProvider({ readers: [exporter] }).getMeter('bench');
      const durations = meter.createHistogram('bench_duration_seconds', { advice: { explicitBucketBoundaries: BUCKETS } });
      for (let i = 0; i < SETS; i++) durations.record(0.02 * i, labelsOf(i));
      const serializer = new PrometheusSerializer();
      return async () => serializer.serialize((await exporter.collect()).resourceMetrics);
    }),
  },
};
