import { describe, expect, it } from 'vitest';
import { bind } from '../../../src/core/bind.ts';
import { ROOT, runInScope } from '../../../src/core/scope.ts';
import { KIND_SERVER, type SpanScope } from '../../../src/http/port.ts';
import { httpSpans } from '../../../src/runtime/http-spans.ts';
import { MemorySpans } from '../../../src/testing/memory-spans.ts';
import { createNativeEngine } from '../../../src/trace/engine/native.ts';

const SHARED = Object.freeze({ 'http.request.method': 'GET', 'http.route': '/a', 'http.response.status_code': 200 });
const OWN = { 'url.path': '/a' };

function rig() {
  const memory = new MemorySpans();
  const spans = httpSpans(createNativeEngine({ output: memory }), { extract: () => ROOT, inject() {} });
  const start = (): SpanScope => spans.start('GET', KIND_SERVER, ROOT, {});
  const end = (scope: SpanScope, errorType?: string): void =>
    spans.end(scope, 'GET /a', { ...OWN }, { cancelled: false, errorType }, scope.startMono + 1, errorType ? { ...SHARED, 'error.type': errorType } : SHARED);
  return { memory, start, end };
}

describe('httpSpans', () => {
  it('puts shared and own attributes on the span, and leaves none in the scope', () => {
    const { memory, start, end } = rig();
    const scope = start();
    end(scope);
    expect(memory.spans).toMatchObject([{ name: 'GET /a', attributes: { ...SHARED, ...OWN } }]);
    expect(scope.values).toBeUndefined();
  });

  it('keeps what the handler bound and annotated beside them', () => {
    const { memory, start, end } = rig();
    const bound = start();
    runInScope(bound, () => bind({ 'request.id': 'r-17' }));
    end(bound);
    const annotated = start();
    annotated.span?.setAttributes({ plan: 'pro', 'http.route': 'made up' });
    end(annotated);
    expect(memory.spans.map((span) => span.attributes)).toEqual([
      { ...SHARED, ...OWN, 'request.id': 'r-17' },
      { ...SHARED, ...OWN, plan: 'pro' },
    ]);
    expect(bound.values).toEqual({ 'request.id': 'r-17' });
  });

  it('marks a failed one', () => {
    const { memory, start, end } = rig();
    end(start(), '503');
    expect(memory.spans).toMatchObject([{ status: { code: 2 }, attributes: { ...SHARED, ...OWN, 'error.type': '503' } }]);
  });
});
