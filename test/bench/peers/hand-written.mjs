import { SpanStatusCode, trace } from '@opentelemetry/api';
import pino from 'pino';
import { Counter, Histogram, Registry } from 'prom-client';
import { startTracing } from './opentelemetry.mjs';
import { work, workAsync } from './work.mjs';

/** What a careful team writes by hand around a function: span, duration, outcome, a debug line that is off. */
export function calls({ asynchronous, sampled, exporter }) {
  const sdk = startTracing({ sampled, exporter });
  const tracer = trace.getTracer('bench');
  const log = pino({ level: 'info' });
  const registers = [new Registry()];
  const labels = ['function', 'module'];
  const duration = new Histogram({ name: 'function_calls_duration_seconds', help: 'Duration', labelNames: labels, registers });
  const total = new Counter({ name: 'function_calls_total', help: 'Calls', labelNames: [...labels, 'result'], registers });
  const finish = (span, from, result) => {
    duration.observe({ function: 'work', module: 'bench' }, (performance.now() - from) / 1_000);
    total.inc({ function: 'work', module: 'bench', result });
    log.debug({ result }, 'work');
    span.end();
  };
  const fail = (span, error) => {
    span.recordException(error);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  };
  const op = (a) =>
    tracer.startActiveSpan('work', (span) => {
      const from = performance.now();
      let result = 'error';
      try {
        const value = work(a);
        result = 'ok';
        return value;
      } catch (error) {
        fail(span, error);
        throw error;
      } finally {
        finish(span, from, result);
      }
    });
  const opAsync = (a) =>
    tracer.startActiveSpan('work', async (span) => {
      const from = performance.now();
      let result = 'error';
      try {
        const value = await workAsync(a);
        result = 'ok';
        return value;
      } catch (error) {
        fail(span, error);
        throw error;
      } finally {
        finish(span, from, result);
      }
    });
  return { asynchronous, op: asynchronous ? opAsync : op, ...sdk };
}
