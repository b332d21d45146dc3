const SPANS = 1_000;

/** Finished spans with a name, a parent and three attributes, as OpenTelemetry's SDK makes them. */
async function finishedSpans() {
  const { InMemorySpanExporter, SimpleSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  const { NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node');
  const exporter = new InMemorySpanExporter();
  const tracer = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).getTracer('bench');
  for (let i = 0; i < SPANS; i++) tracer.startSpan('work', { attributes: { 'order.id': `o-${i}`, 'order.total': i, 'order.paid': true } }).end();
  return exporter.getFinishedSpans();
}

/** OpenTelemetry's exporter, in the batches of its batch processor, to a receiver in another process. */
function exportedBy(load) {
  return async () => {
    const spans = await finishedSpans();
    const exporter = await load();
    const batch = spans.slice(0, 512);
    // One operation is one span: every 512th sends a batch and waits until it is taken.
    const op = (i) => (i % 512 === 511 ? new Promise((resolve) => exporter.export(batch, resolve)) : undefined);
    return { asynchronous: true, op, end: () => exporter.shutdown() };
  };
}

const url = `${process.env.BENCH_SINK}/v1/traces`;

export const scenario = {
  title: 'What handing over one finished span costs the app thread until it has left the process',
  targets: [{ variant: 'sonde rows to the worker, OTLP', atMost: { 20: 0.02, 24: 0.02 } }],
  reference: 'OpenTelemetry protobuf exporter',
  variants: {
    'sonde rows to the worker, OTLP': async () => {
      const { startPipeline } = await import('../../../dist/pipeline/pipeline.js');
      const pipeline = startPipeline({
        dir: '.sonde',
        resource: { 'service.name': 'bench' },
        sink: { kind: 'otlp', endpoint: process.env.BENCH_SINK, headers: {}, protocol: 'http/protobuf', compression: 'gzip', timeoutMs: 10_000 },
      });
      const { output } = pipeline;
      const spans = Array.from({ length: SPANS }, (_, i) => ({
        trace: { t0: i, t1: 2, t2: 3, t3: 4, traceState: undefined },
        s0: i,
        s1: 1,
        p0: 0,
        p1: 0,
        flags: 1,
        def: undefined,
        name: 'work',
        kind: 0,
        startMono: performance.now(),
        endMono: performance.now() + 1,
        statusCode: 0,
        statusMessage: undefined,
        attrs: { 'order.id': `o-${i}`, 'order.total': i, 'order.paid': true },
        values: undefined,
        events: undefined,
        links: undefined,
        library: undefined,
        droppedAttributes: 0,
        droppedEvents: 0,
        droppedLinks: 0,
      }));
      return { opsPerRound: 100_000, op: (i) => output.ended(spans[i % SPANS]), drain: () => pipeline.flush(30_000), end: () => pipeline.shutdown(5_000) };
    },
    'OpenTelemetry protobuf exporter': exportedBy(async () => {
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
      return new OTLPTraceExporter({ url, compression: 'gzip' });
    }),
    'OpenTelemetry JSON exporter': exportedBy(async () => {
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
      return new OTLPTraceExporter({ url, compression: 'gzip' });
    }),
  },
};
