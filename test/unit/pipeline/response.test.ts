import { describe, expect, it } from 'vitest';
import { judge, partialSuccess, pauseMs } from '../../../src/pipeline/otlp/response.ts';
import { encodeResponse } from './official-proto.ts';

const none = Buffer.alloc(0);

describe('an answer of a receiver', () => {
  it.each([
    [200, { kind: 'taken', rejected: 0 }],
    [202, { kind: 'taken', rejected: 0 }],
    [429, { kind: 'later' }],
    [502, { kind: 'later' }],
    [503, { kind: 'later' }],
    [504, { kind: 'later' }],
    [400, { kind: 'refused', divisible: true }],
    [413, { kind: 'refused', divisible: true }],
    [404, { kind: 'refused', divisible: false }],
    [401, { kind: 'refused', divisible: false }],
    [500, { kind: 'refused', divisible: false }],
    [302, { kind: 'refused', divisible: false }],
  ])('with status %i is judged as OTLP/HTTP says', (status, verdict) => {
    expect(judge(status, undefined, '', none, 0)).toMatchObject(verdict);
  });

  it.each([
    ['7', 7_000],
    [' 0 ', 0],
    ['Thu, 01 Jan 1970 00:00:30 GMT', 20_000],
    ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
    ['999999999', 300_000],
    ['soon', undefined],
    [undefined, undefined],
  ])('may ask to wait: %s', (header, ms) => {
    expect(pauseMs(header, 10_000)).toBe(ms);
  });

  it('may refuse a part, in protobuf and in JSON', () => {
    for (const signal of ['span', 'log', 'metric'] as const) {
      expect(partialSuccess('application/x-protobuf', Buffer.from(encodeResponse(signal, 300, 'too old')))).toEqual({ rejected: 300, message: 'too old' });
    }
    expect(partialSuccess('application/json', Buffer.from('{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"x"}}'))).toEqual({
      rejected: 2,
      message: 'x',
    });
    expect(partialSuccess('application/json; charset=utf-8', Buffer.from('{}'))).toEqual({ rejected: 0, message: '' });
  });

  it.each(['garbage', '{', '{"partialSuccess":{"rejectedSpans":"-4"}}', '\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff', 'null'])(
    'that cannot be read refuses nothing: %s',
    (body) => {
      for (const type of ['application/x-protobuf', 'application/json', '']) expect(partialSuccess(type, Buffer.from(body, 'latin1')).rejected).toBe(0);
    },
  );
});
