import { SpanStatusCode, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { work, workAsync } from './work.mjs';

/** Takes every span and discards it: what is left is the cost of making and queueing it. */
export const discarding = {
  export(_spans, done) {
    done({ code: 0 });
  },
  async shutdown() {},
  async forceFlush() {},
};

/** OpenTelemetry as its own documentation sets it up, with the batch processor. */
export function startTracing({ sampled = true, exporter = discarding } = {}) {
  const sampler = new ParentBasedSampler({ root: sampled ? new AlwaysOnSampler() : new AlwaysOffSampler() });
  const processor = new BatchSpanProcessor(exporter);
  const provider = new NodeTracerProvider({ sampler, spanProcessors: [processor] });
  provider.register();
  return { settle: () => provider.forceFlush(), end: () => provider.shutdown() };
}

export function calls({ asynchronous, sampled, started = true }) {
  const sdk = started ? startTracing({ sampled }) : {};
  const tracer = trace.getTracer('bench');
  const fail = (span, error) => {
    span.recordException(error);
    span.setStatus({ code: SpanStatusCode.ERROR });
  };
  const op = (a) =>
    tracer.startActiveSpan('work', (span) => {
      try {
        return work(a);
      } catch (error) {
        fail(span, error);
        throw error;
      } finally {
        span.end();
      }
    });
  const opAsync = (a) =>
    tracer.startActiveSpan('work', async (span) => {
      try {
        return await workAsync(a);
      } catch (error) {
        fail(span, error);
        throw error;
      } finally {
        span.end();
      }
    });
  return { asynchronous, op: asynchronous ? opAsync : op, ...sdk };
}
