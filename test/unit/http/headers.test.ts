import { describe, expect, it } from 'vitest';
import { clock } from '../../../src/core/clock.ts';
import { classify } from '../../../src/errors/classify.ts';
import { knownMethod, maskQuery, maskUrl, splitHost, splitTarget } from '../../../src/http/attributes.ts';
import { formatDeadlineHeader, readDeadlineHeader } from '../../../src/http/deadline-header.ts';
import { neededHeaders } from '../../../src/http/request-headers.ts';
import { RequestLimit } from '../../../src/http/request-limit.ts';

describe('the deadline header', () => {
  it.each([
    ['250', 250],
    [' 250 ', 250],
    ['0', 0],
    ['12.5', 12.5],
    ['999999999999', 86_400_000],
    ['-1', undefined],
    ['', undefined],
    ['1e3', undefined],
    ['2s', undefined],
    ['NaN', undefined],
    ['0x10', undefined],
    ['100, 200', undefined],
    ['9'.repeat(40), undefined],
  ])('%j is read as %j', (text, ms) => {
    expect(readDeadlineHeader(text)).toBe(ms);
  });

  it.each([
    [250.9, '250'],
    [-5, '0'],
    [1e12, '86400000'],
  ])('%d is written as %j', (ms, text) => {
    expect(formatDeadlineHeader(ms)).toBe(text);
  });
});

describe('attributes', () => {
  it.each([
    ['/a?b=1', { path: '/a', query: 'b=1' }],
    ['/a', { path: '/a', query: undefined }],
    ['http://h:1/a?x', { path: '/a', query: 'x' }],
    ['http://h', { path: '/', query: undefined }],
    ['*', { path: '*', query: undefined }],
  ])('%j is split', (target, parts) => {
    expect(splitTarget(target)).toEqual(parts);
  });

  it.each([
    ['a=1&token=x&b=2', 'a=1&token=REDACTED&b=2'],
    ['Signature=x', 'Signature=REDACTED'],
    ['monkey=1', 'monkey=1'],
    ['api_key=1&key=2', 'api_key=REDACTED&key=REDACTED'],
  ])('the query %j is masked', (query, masked) => {
    expect(maskQuery(query)).toBe(masked);
  });

  it('masks user info', () => {
    expect(maskUrl('http://user:pass@h/a@b?sig=1')).toBe('http://REDACTED:REDACTED@h/a@b?sig=REDACTED');
  });

  it.each([
    ['h:81', { address: 'h', port: 81 }],
    ['h', { address: 'h', port: 80 }],
    ['[::1]:9', { address: '::1', port: 9 }],
    ['[::1]', { address: '::1', port: 80 }],
    [undefined, { address: '', port: 80 }],
  ])('the host %j is split', (host, parts) => {
    expect(splitHost(host, 80)).toEqual(parts);
  });

  it('bounds text that a client chose', () => {
    expect(splitTarget(`/${'a'.repeat(10_000)}`).path.length).toBe(2_048);
    expect(knownMethod('BREW')).toBe('_OTHER');
  });
});

describe('neededHeaders', () => {
  it.each([
    [['Host', 'a', 'HOST', 'b'], { host: 'a' }],
    [['User-Agent', 'x', 'uSER-aGENT', 'y'], { userAgent: 'x' }],
    [['TraceParent', '00-…'], { traced: true }],
    [['baggage', 'a=1'], { traced: true }],
    [['X-Request-Timeout-Ms', '5'], { deadline: '5' }],
    [['x-request-timeout-ms', '5', 'X-REQUEST-TIMEOUT-MS', '6'], { deadline: '5, 6' }],
    [['hist', 'a', 'x-request-timeout-mx', '1', 'tracestate', 'a=1', 'user-agenT ', 'z'], {}],
    [[], {}],
  ])('%j', (raw, found) => {
    expect(neededHeaders(raw)).toEqual({ traced: false, deadline: undefined, host: undefined, userAgent: undefined, ...found });
  });
});

describe('RequestLimit', () => {
  it('gives one signal, aborted with the first reason only', () => {
    const limit = new RequestLimit(Number.POSITIVE_INFINITY);
    const { signal } = limit;
    expect(limit.signal).toBe(signal);
    limit.cancel();
    limit.cancel();
    expect((signal.reason as Error).name).toBe('AbortError');
  });

  it('is aborted at once when its deadline has passed, and never after the response was sent', () => {
    expect((new RequestLimit(clock.mono() - 1).signal.reason as Error).name).toBe('TimeoutError');
    const sent = new RequestLimit(clock.mono() - 1);
    sent.settle();
    expect(sent.signal.aborted).toBe(false);
    sent.cancel();
    expect(sent.signal.aborted).toBe(false);
  });

  it('is no bug of the service when its time is over: 504', () => {
    const { reason } = new RequestLimit(clock.mono() - 1).signal;
    expect(classify(reason)).toMatchObject({ kind: 'known', status: 504, type: 'sonde/deadline-exceeded', severity: 13 });
    expect(classify(new DOMException('of a fetch', 'TimeoutError'))).toMatchObject({ kind: 'bug', status: 500 });
  });

  it('remembers a cancellation that came before anybody asked', () => {
    const limit = new RequestLimit(Number.POSITIVE_INFINITY);
    limit.cancel();
    expect(limit.signal.aborted).toBe(true);
  });
});
