import { clock } from '../../../src/core/clock.ts';
import type { AttributeBag } from '../../../src/core/records.ts';
import { ROOT, Scope, type SpanLike } from '../../../src/core/scope.ts';
import type { ClientMeasure, HttpOutcome, HttpRecorder, HttpSpans, ServerMeasure } from '../../../src/http/port.ts';

export interface RecordedSpan {
  readonly kind: number;
  readonly parent: Scope;
  readonly scope: Scope;
  name: string;
  attributes: AttributeBag;
  outcome: HttpOutcome | undefined;
}

/** A tracing engine for tests that keeps what it is given. Its trace header is the span's number. */
export function recordedSpans() {
  const spans: RecordedSpan[] = [];
  const server: ServerMeasure[] = [];
  const client: ClientMeasure[] = [];
  const durations: number[] = [];
  let badDeadlines = 0;
  const remote = new Map<string, Scope>();
  const port: HttpSpans = {
    extract: (headers) => {
      const text = headers.traceparent as string | undefined;
      if (text === undefined) return ROOT;
      const scope = new Scope();
      remote.set(text, scope);
      return scope;
    },
    inject(scope, set) {
      const index = spans.findIndex((span) => span.scope === scope);
      if (index >= 0) set('traceparent', `span-${index}`);
    },
    start(name, kind, parent) {
      const scope = Object.assign(new Scope(parent), { startMono: clock.mono() });
      scope.span = { isRecording: () => true } as SpanLike;
      spans.push({ name, kind, parent, scope, attributes: {}, outcome: undefined });
      return scope;
    },
    end(scope, name, attributes, outcome, _endMono, shared) {
      const span = spans.find((one) => one.scope === scope);
      if (!span || span.outcome) throw new Error('ended twice or unknown');
      Object.assign(span, { name, attributes: { ...shared, ...attributes }, outcome });
    },
  };
  const recorder: HttpRecorder = {
    server: (measure) => ({ observeIn: (seconds) => void (durations.push(seconds * 1_000), server.push(measure)) }),
    client: (ms, measure) => void (durations.push(ms), client.push(measure)),
    badDeadline: () => void badDeadlines++,
  };
  return { port, recorder, spans, server, client, durations, remote, badDeadlines: () => badDeadlines };
}

/** Waits until `done` holds, by turns of the event loop. */
export async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 5_000; i++) {
    if (done()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error('never happened');
}
