import { expect, it } from 'vitest';
import { CONTEXT_ATTRIBUTES, LOG_ATTRIBUTES, NUMERIC_ATTRIBUTES } from '../../../src/stack/catalogue/attributes.ts';
import { errorRecordOf, logOf } from '../../../src/stack/lookup/loki-records.ts';

it('what the SDK adds to a record has its own name and type again', () => {
  const labels = { error_id: '1RTA-J56M-G54V-69ZT', process_uptime: '12.5', process_memory_rss: '76111872', nodejs_eventloop_delay: '0', order_id: '5' };
  expect(errorRecordOf({ labels, timeNs: 1_795_272_645_717_000_000n, text: 'boom\n    at x' })).toMatchObject({
    'process.uptime': 12.5,
    'process.memory.rss': 76_111_872,
    'nodejs.eventloop.delay': 0,
    order_id: '5',
  });
});

it('so has what a changed level says', () => {
  const labels = { event_name: 'log.level.changed', log_level_logger: 'orders', log_level_new: 'debug', log_level_ttl_ms: '600000' };
  expect(logOf({ labels, timeNs: 0n, text: 'level of orders is debug' }).attributes).toEqual({
    'log.level.logger': 'orders',
    'log.level.new': 'debug',
    'log.level.ttl_ms': 600_000,
  });
});

it('every number of the catalogue is one of its attributes', () => {
  const known = new Set([...LOG_ATTRIBUTES, ...CONTEXT_ATTRIBUTES]);
  expect(NUMERIC_ATTRIBUTES.filter((name) => !known.has(name))).toEqual([]);
});
