import type { EndedSpan } from '../../src/core/ended-span.ts';
import { SondeContextManager } from '../../src/trace/engine/context.ts';
import { hex32 } from '../../src/trace/engine/ids.ts';
import { createNativeEngine } from '../../src/trace/engine/native.ts';
import { installEngine } from '../../src/trace/engine/port.ts';
import { NativeTracerProvider } from '../../src/trace/engine/provider.ts';
import { registerApi } from '../../src/trace/engine/registration.ts';
import { ratioSampler } from '../../src/trace/engine/sampler.ts';
import { epochOf } from '../../src/trace/engine/time-input.ts';
import { createPropagator } from '../../src/trace/propagation.ts';
import { engineContract, type SeenSpan } from './engine.ts';

function seenOf(span: EndedSpan): SeenSpan {
  const { t0, t1, t2, t3, traceState } = span.trace;
  const startMs = epochOf(span.startMono);
  return {
    name: span.name,
    traceId: [t0, t1, t2, t3].map(hex32).join(''),
    spanId: hex32(span.s0) + hex32(span.s1),
    parentSpanId: span.p0 === 0 && span.p1 === 0 ? undefined : hex32(span.p0) + hex32(span.p1),
    traceState,
    kind: span.kind,
    startMs,
    endMs: startMs + (span.endMono - span.startMono),
    status: { code: span.statusCode, ...(span.statusMessage !== undefined && { message: span.statusMessage }) },
    attributes: { ...span.values, ...span.attrs },
    events: (span.events ?? []).map(({ name, timeMs, attributes }) => ({ name, timeMs, attributes })),
    links: (span.links ?? []).map(({ traceId, spanId, attributes }) => ({ traceId, spanId, attributes })),
    library: { name: span.library?.name ?? '', version: span.library?.version },
    dropped: { attributes: span.droppedAttributes, events: span.droppedEvents, links: span.droppedLinks },
  };
}

engineContract({
  name: 'native',
  async start(ratio) {
    const spans: SeenSpan[] = [];
    const engine = createNativeEngine({ output: { ended: (span) => spans.push(seenOf(span)), sampledOut: () => undefined }, sampler: ratioSampler(ratio) });
    const uninstall = installEngine(engine);
    const unregister = await registerApi({
      provider: new NativeTracerProvider(engine),
      contextManager: new SondeContextManager(),
      propagator: createPropagator(),
    });
    return {
      spans: () => spans,
      async stop() {
        unregister();
        uninstall();
      },
    };
  },
  deviations: {
    'context.active() is the very object that context.with was given':
      'a context that the engine did not make is entered as a scope with the same values, so that bound values and limits have a place',
  },
});
