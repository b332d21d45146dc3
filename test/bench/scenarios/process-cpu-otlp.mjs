export const scenario = {
  title: 'CPU of the whole process, worker included, for a traced call whose span leaves as OTLP to a receiver in another process',
  targets: [{ variant: 'sonde', atMost: { 20: 0.2, 24: 0.2 } }],
  reference: 'hand-written OpenTelemetry + prom-client, protobuf exporter',
  columns: { process: 'µs a call, process', main: 'µs a call, app thread' },
  variants: {
    sonde: async () => (await import('../peers/sonde.mjs')).calls({ asynchronous: false, sampled: true, otlp: { endpoint: process.env.BENCH_SINK } }),
    'hand-written OpenTelemetry + prom-client, protobuf exporter': async () => {
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
      const exporter = new OTLPTraceExporter({ url: `${process.env.BENCH_SINK}/v1/traces` }); // its default, as ours on loopback: no compression
      return (await import('../peers/hand-written.mjs')).calls({ asynchronous: false, sampled: true, exporter });
    },
    'dd-trace wrap': async () => (await import('../peers/dd-trace.mjs')).calls({ asynchronous: false, sampled: true }),
  },
};
