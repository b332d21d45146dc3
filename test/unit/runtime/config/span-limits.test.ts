import { expect, it } from 'vitest';
import { resolveConfig } from '../../../../src/runtime/config/resolve.ts';

it.each([
  ['nothing', {}, {}],
  [
    'counts',
    { OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '10', OTEL_SPAN_EVENT_COUNT_LIMIT: '0', OTEL_SPAN_LINK_COUNT_LIMIT: '3' },
    { attributes: 10, events: 0, links: 3 },
  ],
  ['the general ones', { OTEL_ATTRIBUTE_COUNT_LIMIT: '9', OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '100' }, { attributes: 9, attributeLength: 100 }],
  ['the ones for spans before the general ones', { OTEL_ATTRIBUTE_COUNT_LIMIT: '9', OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '7' }, { attributes: 7 }],
  [
    'those of events and links',
    { OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '1', OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: '2' },
    { attributesPerEvent: 1, attributesPerLink: 2 },
  ],
])('reads %s', (_what, env, limits) => {
  expect(resolveConfig(undefined, env).spanLimits).toEqual(limits);
});

it('refuses what is no count', () => {
  expect(() => resolveConfig(undefined, { OTEL_SPAN_EVENT_COUNT_LIMIT: 'many' })).toThrow(
    'OTEL_SPAN_EVENT_COUNT_LIMIT is "many", expected a count from 0 to 1000000',
  );
});
