import { describe, expect, it } from 'vitest';
import { redactor } from '../../../src/core/redact.ts';
import { mayHoldSecret } from '../../../src/core/redact-text.ts';
import { materialiseSpans } from '../../../src/pipeline/worker/span-rows.ts';
import { endedSpan } from '../../ended-span.mjs';
import { batcherRig } from './rig.ts';

function written(spans: Parameters<typeof endedSpan>[0][], redact: string[] = []) {
  const { batcher, posted, rowsOf } = batcherRig(undefined, undefined, redactor(redact));
  for (const span of spans) batcher.ended(endedSpan(span));
  batcher.post();
  return materialiseSpans(rowsOf(posted[0]!));
}

describe('secrets in spans', () => {
  it('hides what keys name, in attributes, bound values, events and links', () => {
    const secret = { 'order.number': 1, 'user.password': 'hunter2', apiKey: ['hunter2'], pin: 1234, note: 'x' };
    const hidden = { 'order.number': 1, 'user.password': '[redacted]', apiKey: '[redacted]', pin: '[redacted]', note: 'x' };
    const [span] = written([
      {
        attrs: secret,
        values: { 'session.cookie': 'hunter2', tenant: 'a' },
        events: [{ name: 'e', timeMs: 1, attributes: secret }],
        links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceState: undefined, flags: 1, attributes: secret }],
      },
    ]);
    expect(span?.attributes).toEqual({ 'session.cookie': '[redacted]', tenant: 'a', ...hidden });
    expect(span?.events[0]?.attributes).toEqual(hidden);
    expect(span?.links[0]?.attributes).toEqual(hidden);
  });

  it('knows a number or a flag whose key has a token in it from a secret, whichever came first', () => {
    const spans = written([
      { attrs: { max_tokens: 4096 } },
      { attrs: { max_tokens: 'hunter2' } },
      { attrs: { max_tokens: true } },
      { attrs: { max_tokens: 0.5 } },
    ]);
    expect(spans.map((span) => span.attributes['max_tokens'])).toEqual([4096, '[redacted]', true, 0.5]);
  });

  it('takes the keys and paths of the configuration, also when there are more keys than the dictionary holds', () => {
    const [first] = written([{ attrs: { 'shoe-size': 44, 'user.home.email': 'hunter2', 'user.email': 'open' } }], ['shoeSize', 'user.*.email']);
    expect(first?.attributes).toEqual({ 'shoe-size': '[redacted]', 'user.home.email': '[redacted]', 'user.email': 'open' });
    const flood = Array.from({ length: 9_000 }, (_, i) => ({ attrs: { [`password.${i}`]: 'hunter2' } }));
    const { batcher, posted, rowsOf } = batcherRig();
    for (const span of flood) batcher.ended(endedSpan(span));
    batcher.post();
    const values = posted.flatMap((batch) => materialiseSpans(rowsOf(batch)).flatMap((span) => Object.values(span.attributes)));
    expect(values).toHaveLength(9_000);
    expect(new Set(values)).toEqual(new Set(['[redacted]']));
  });

  it('cuts secrets out of values that hold them under a name that says nothing, short, long and in lists', () => {
    const url = 'https://app:hunter2@host/orders?page=2&token=hunter2';
    const long = `${'INSERT '.repeat(300)}${url} Bearer hunter2x {"password":"hunter2"}`;
    const texts = {
      url,
      long,
      list: ['a', url, 'Basic aHVudGVyMg=='],
      é: `"token":"hunter2"`,
      plain: 'orders.place',
      query: 'SELECT * FROM orders WHERE id = $1',
    };
    const [span] = written([{ attrs: texts, values: { where: url }, events: [{ name: 'e', timeMs: 1, attributes: texts }] }]);
    const hidden = {
      url: 'https://[redacted]@host/orders?page=2&token=[redacted]',
      long: `${'INSERT '.repeat(300)}https://[redacted]@host/orders?page=2&token=[redacted] Bearer [redacted] {"password":"[redacted]"}`,
      list: ['a', 'https://[redacted]@host/orders?page=2&token=[redacted]', 'Basic [redacted]'],
      é: '"token":"[redacted]"',
      plain: texts.plain,
      query: texts.query,
    };
    expect(span?.attributes).toEqual({ where: hidden.url, ...hidden });
    expect(span?.events[0]?.attributes).toEqual(hidden);
  });

  it.each(['a b', 'a\tb', 'a@b', 'a=b', 'a"b', 'a%3b', 'é', ''])('looks at every text that scrub() may change: %j', (text) => {
    expect(mayHoldSecret(text)).toBe(text !== '');
    expect(mayHoldSecret('orders.place/o-17:{x}')).toBe(false);
  });

  it('cuts secrets out of what a failure says of itself', () => {
    const text = 'cannot reach postgres://app:hunter2@db/orders?token=hunter2 with password=hunter2';
    const [span] = written([
      {
        statusCode: 2,
        statusMessage: text,
        events: [{ name: 'exception', timeMs: 1, attributes: { 'exception.message': text, 'exception.stacktrace': `Error: ${text}\n    at f (a.js:1:1)` } }],
      },
    ]);
    expect(JSON.stringify(span)).not.toContain('hunter2');
    expect(span?.status.message).toBe('cannot reach postgres://[redacted]@db/orders?token=[redacted] with password=[redacted]');
    expect(span?.events[0]?.attributes['exception.stacktrace']).toContain('    at f (a.js:1:1)');
  });
});
