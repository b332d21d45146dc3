import { describe, expect, it } from 'vitest';
import type { HttpRecorder, ServerMeasure } from '../../../src/http/port.ts';
import { RequestKinds } from '../../../src/http/request-kinds.ts';

function recording() {
  const asked: ServerMeasure[] = [];
  const recorder: HttpRecorder = {
    server: (measure) => {
      asked.push(measure);
      return { observeIn() {} };
    },
    client() {},
    badDeadline() {},
  };
  return { asked, kinds: new RequestKinds(recorder) };
}

describe('RequestKinds', () => {
  it('gives one kind, and asks for one series, for each method, scheme, route and status', () => {
    const { asked, kinds } = recording();
    const cases: Parameters<RequestKinds['of']>[] = [
      ['GET', 'http', '/a', 200],
      ['GET', 'http', '/b', 200],
      ['POST', 'http', '/a', 200],
      ['GET', 'https', '/a', 200],
      ['GET', 'http', '/a', 503],
      ['GET', 'http', undefined, 200],
      ['_OTHER', 'http', undefined, 0],
    ];
    const first = cases.map((one) => kinds.of(...one));
    expect(new Set(first).size).toBe(cases.length);
    expect(cases.map((one) => kinds.of(...one))).toEqual(first);
    expect(first.map((kind) => kind.name)).toEqual(['GET /a', 'GET /b', 'POST /a', 'GET /a', 'GET /a', 'GET', 'HTTP']);
    expect(first.map((kind) => kind.measure.errorType)).toEqual([undefined, undefined, undefined, undefined, '503', undefined, undefined]);
    expect(asked.length).toBe(cases.length);
  });

  it('makes the shared attributes once a host, and never changes them', () => {
    const kind = recording().kinds.of('GET', 'http', '/a', 200);
    const shared = kind.attributesFor('shop.test:8080');
    expect(shared).toEqual({
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'server.address': 'shop.test',
      'server.port': 8080,
      'http.route': '/a',
      'http.response.status_code': 200,
    });
    expect(kind.attributesFor('shop.test:8080')).toBe(shared);
    expect(kind.attributesFor('other.test')['server.address']).toBe('other.test');
    expect(shared['server.address']).toBe('shop.test');
    expect(Object.isFrozen(shared)).toBe(true);
  });

  it('stays bounded when a program makes routes and statuses up', () => {
    const { kinds } = recording();
    for (let i = 0; i < 2_000; i++) kinds.of('GET', 'http', `/made-up/${i}`, 200);
    for (let status = 200; status < 500; status++) kinds.of('GET', 'http', '/made-up/0', status);
    expect(kinds.of('GET', 'http', '/made-up/1', 200)).toBe(kinds.of('GET', 'http', '/made-up/1', 200));
    const late = kinds.of('GET', 'http', '/made-up/1999', 200);
    expect(late.name).toBe('GET /made-up/1999');
    expect(kinds.of('GET', 'http', '/made-up/1999', 200)).not.toBe(late);
    expect(kinds.of('GET', 'http', '/made-up/0', 499)).not.toBe(kinds.of('GET', 'http', '/made-up/0', 499));
  });
});
