import { context, propagation, trace } from '@opentelemetry/api';
import { tracing } from '@opentelemetry/sdk-node';
import { installEngine } from '../../src/trace/engine/port.ts';
import { ratioSampler } from '../../src/trace/engine/sampler.ts';
import { createOtelSdkEngine } from '../../src/trace/otel-sdk.ts';
import { engineContract, type SeenSpan } from './engine.ts';

const ms = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1_000 + nanoseconds / 1_000_000;

function seenOf(span: tracing.ReadableSpan): SeenSpan {
  const { traceId, spanId, traceState } = span.spanContext();
  const { code, message } = span.status;
  return {
    name: span.name,
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    traceState: traceState?.serialize(),
    kind: span.kind,
    startMs: ms(span.startTime),
    endMs: ms(span.endTime),
    status: { code, ...(message !== undefined && { message }) },
    attributes: { ...span.attributes },
    events: span.events.map(({ name, time, attributes }) => ({ name, timeMs: ms(time), attributes: { ...attributes } })),
    links: span.links.map(({ context: linked, attributes }) => ({ traceId: linked.traceId, spanId: linked.spanId, attributes: { ...attributes } })),
    library: { name: span.instrumentationScope.name, version: span.instrumentationScope.version },
    dropped: { attributes: span.droppedAttributesCount, events: span.droppedEventsCount, links: span.droppedLinksCount },
  };
}

engineContract({
  name: 'otel-sdk',
  async start(ratio) {
    const exporter = new tracing.InMemorySpanExporter();
    const engine = await createOtelSdkEngine({
      resource: { 'service.name': 'contract' },
      sampler: ratioSampler(ratio),
      spanProcessors: [new tracing.SimpleSpanProcessor(exporter)],
    });
    const uninstall = installEngine(engine);
    return {
      spans: () => exporter.getFinishedSpans().map(seenOf),
      async stop() {
        uninstall();
        await engine.shutdown();
        trace.disable();
        context.disable();
        propagation.disable();
      },
    };
  },
  deviations: {
    'root traces carry the random flag of W3C level 2': 'the SDK writes flags of level 1; its IDs are random all the same',
    'context.active() is the very object that context.with was given': "both engines run on Sonde's context manager",
  },
});
