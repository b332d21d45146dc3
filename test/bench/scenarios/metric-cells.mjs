const LABELS = ['route', 'method'];
const SET = { route: '/orders', method: 'GET' };

export const scenario = {
  title: 'A counter and a histogram whose labels were bound once: one increment and one observation a call',
  targets: [{ variant: 'sonde', atMost: { 20: 0.2, 24: 0.2 } }],
  reference: 'prom-client',
  variants: {
    sonde: async () => {
      const { counter, histogram } = await import('../../../dist/public/index.js');
      const calls = counter('bench_calls_total', { help: 'Calls', labels: LABELS }).labels(SET);
      const durations = histogram('bench_duration_seconds', { help: 'Durations', labels: LABELS }).labels(SET);
      const op = (i) => {
        calls.inc();
        durations.observe((i % 1_000) / 1_000);
      };
      return { op };
    },
    'prom-client': async () => {
      const { Counter, Histogram, Registry } = await import('prom-client');
      const registers = [new Registry()];
      const calls = new Counter({ name: 'bench_calls_total', help: 'Calls', labelNames: LABELS, registers }).labels(SET);
      const durations = new Histogram({ name: 'bench_duration_seconds', help: 'Durations', labelNames: LABELS, registers }).labels(SET);
      const op = (i) => {
        calls.inc();
        durations.observe((i % 1_000) / 1_000);
      };
      return { op };
    },
    'OpenTelemetry metrics': async () => {
      const { MeterProvider } = await import('@opentelemetry/sdk-metrics');
      const { PrometheusExporter } = await import('@opentelemetry/exporter-prometheus');
      const meter = new MeterProvider({ readers: [new PrometheusExporter({ preventServerStart: true })] }).getMeter('bench');
      const calls = meter.createCounter('bench_calls');
      const durations = meter.createHistogram('bench_duration_seconds');
      const op = (i) => {
        calls.add(1, SET);
        durations.record((i % 1_000) / 1_000, SET);
      };
      return { op };
    },
  },
};
