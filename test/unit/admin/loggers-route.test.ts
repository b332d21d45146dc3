import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AdminServer, adminServer } from './admin-server.ts';

const JSON_TYPE = 'application/json';
const V2 = 'application/vnd.spring-boot.actuator.v2+json';
const V3 = 'application/vnd.spring-boot.actuator.v3+json';
const TRACE = '0123456789abcdef0123456789abcdef';

let admin: AdminServer;
beforeEach(async () => {
  admin = await adminServer();
});
afterEach(() => admin.close());

type Row = [name: string, method: string, path: string, type: string | undefined, body: string | undefined, status: number, answer: unknown];

const rows: Row[] = [
  ['one logger', 'GET', '/orders', undefined, undefined, 200, { effectiveLevel: 'INFO' }],
  ['the root', 'GET', '/ROOT', undefined, undefined, 200, { configuredLevel: 'INFO', effectiveLevel: 'INFO' }],
  ['the root in another case', 'GET', '/root', undefined, undefined, 200, { configuredLevel: 'INFO', effectiveLevel: 'INFO' }],
  ['a name with dots', 'GET', '/orders.db', undefined, undefined, 200, { effectiveLevel: 'INFO' }],
  ['a group', 'GET', '/web', undefined, undefined, 200, { members: ['orders', 'orders.db'] }],
  ['a name nobody has', 'GET', '/nobody', undefined, undefined, 404, { error: 'no logger "nobody"' }],
  ['a name of the prototype', 'GET', '/__proto__', undefined, undefined, 404, { error: 'no logger "__proto__"' }],
  ['a name of the prototype as a group', 'GET', '/constructor', undefined, undefined, 404, { error: 'no logger "constructor"' }],
  ['a name with a slash', 'GET', '/a%2Fb', undefined, undefined, 404, { error: 'no logger "a/b"' }],
  ['a name that cannot be decoded', 'GET', '/%E0%A4%A', undefined, undefined, 400, undefined],
  ['a name that is too long', 'GET', `/${'a'.repeat(250)}`, undefined, undefined, 404, { error: 'no such logger' }],
  ['HEAD', 'HEAD', '/orders', undefined, undefined, 200, undefined],
  ['set', 'POST', '/orders', JSON_TYPE, '{"configuredLevel":"debug"}', 204, undefined],
  ['set in upper case', 'POST', '/orders', JSON_TYPE, '{"configuredLevel":"DEBUG"}', 204, undefined],
  ['set the root', 'POST', '/ROOT', JSON_TYPE, '{"configuredLevel":"warn"}', 204, undefined],
  ['set a group', 'POST', '/web', JSON_TYPE, '{"configuredLevel":"trace"}', 204, undefined],
  ['set a name that is new', 'POST', '/new.one', JSON_TYPE, '{"configuredLevel":"trace"}', 204, undefined],
  ['set off', 'POST', '/orders', JSON_TYPE, '{"configuredLevel":"off"}', 204, undefined],
  ['set by v2', 'POST', '/orders', V2, '{"configuredLevel":"debug"}', 204, undefined],
  ['set by v3', 'POST', '/orders', V3, '{"configuredLevel":"debug"}', 204, undefined],
  ['a type with parameters', 'POST', '/orders', `${JSON_TYPE};charset=UTF-8`, '{"configuredLevel":"debug"}', 204, undefined],
  ['clear with null', 'POST', '/orders', JSON_TYPE, '{"configuredLevel":null}', 204, undefined],
  ['clear with nothing', 'POST', '/orders', JSON_TYPE, '{}', 204, undefined],
  ['unknown keys', 'POST', '/orders', JSON_TYPE, '{"configuredLevel":"debug","x":1}', 204, undefined],
  ['a bad level', 'POST', '/orders', JSON_TYPE, '{"configuredLevel":"loud"}', 400, { error: 'unrecognized level: "loud"' }],
  ['an empty level', 'POST', '/orders', JSON_TYPE, '{"configuredLevel":""}', 400, { error: 'unrecognized level: ""' }],
  ['a number', 'POST', '/orders', JSON_TYPE, '{"configuredLevel":5}', 400, { error: 'unrecognized level: 5' }],
  ['an array', 'POST', '/orders', JSON_TYPE, '["debug"]', 400, { error: 'malformed request body: expected a JSON object' }],
  ['broken JSON', 'POST', '/orders', JSON_TYPE, '{"configuredLevel":', 400, undefined],
  ['no body', 'POST', '/orders', JSON_TYPE, '', 400, undefined],
  ['no type', 'POST', '/orders', undefined, '{"configuredLevel":"debug"}', 415, { error: 'unsupported media type: ""' }],
  [
    'a form',
    'POST',
    '/orders',
    'application/x-www-form-urlencoded',
    'configuredLevel=debug',
    415,
    { error: 'unsupported media type: "application/x-www-form-urlencoded"' },
  ],
  ['text', 'POST', '/orders', 'text/plain', '{"configuredLevel":"debug"}', 415, { error: 'unsupported media type: "text/plain"' }],
  ['actuator v1', 'POST', '/orders', 'application/vnd.spring-boot.actuator.v1+json', '{}', 415, undefined],
  ['a ttl', 'POST', '/orders', JSON_TYPE, '{"configuredLevel":"debug","ttl":"10m"}', 204, undefined],
  ['a ttl of the query', 'POST', '/orders?ttl=10m', JSON_TYPE, '{"configuredLevel":"debug"}', 204, undefined],
  ['a bad ttl', 'POST', '/orders', JSON_TYPE, '{"configuredLevel":"debug","ttl":"soon"}', 400, { error: 'unrecognized ttl: "soon"' }],
  ['a trace', 'POST', `/orders?trace=${TRACE}`, JSON_TYPE, '{"configuredLevel":"debug"}', 204, undefined],
  ['a trace that is none', 'POST', '/orders?trace=12', JSON_TYPE, '{"configuredLevel":"debug"}', 400, { error: 'unrecognized trace: "12"' }],
  ['a route', 'POST', '/orders?route=/orders/:id', JSON_TYPE, '{"configuredLevel":"debug"}', 204, undefined],
  ['an empty route', 'POST', '/orders?route=', JSON_TYPE, '{"configuredLevel":"debug"}', 400, undefined],
  ['over 4 KiB', 'POST', '/orders', JSON_TYPE, `{"x":"${'a'.repeat(5_000)}"}`, 413, { error: 'request body is larger than 4 KiB' }],
  ['PUT', 'PUT', '/orders', JSON_TYPE, '{"configuredLevel":"debug"}', 405, undefined],
  ['DELETE', 'DELETE', '/orders', undefined, undefined, 405, undefined],
  ['POST on the listing', 'POST', '', JSON_TYPE, '{}', 405, undefined],
];

describe('/loggers', () => {
  it.each(rows)('%s', async (_name, method, path, type, body, status, answer) => {
    const reply = await admin.call(`/loggers${path}`, {
      method,
      headers: type === undefined ? {} : { 'content-type': type },
      ...(body === undefined ? {} : { body }),
    });
    expect(reply.status).toBe(status);
    if (answer !== undefined) expect(JSON.parse(reply.body)).toEqual(answer);
    if (status === 204) expect([reply.body, reply.headers['content-type']]).toEqual(['', undefined]);
    if (status === 204) expect(admin.changes.length).toBeGreaterThan(0);
    else expect(admin.changes.length).toBe(0);
  });

  it('has 30 rows or more', () => {
    expect(rows.length).toBeGreaterThanOrEqual(30);
  });

  it('lists levels, loggers and groups as Spring does', async () => {
    const reply = await admin.call('/loggers');
    expect(JSON.parse(reply.body)).toEqual({
      levels: ['OFF', 'FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'],
      loggers: { ROOT: { configuredLevel: 'INFO', effectiveLevel: 'INFO' }, orders: { effectiveLevel: 'INFO' }, 'orders.db': { effectiveLevel: 'INFO' } },
      groups: { web: { members: ['orders', 'orders.db'] } },
    });
  });

  it('tells a lease, and what a group was set to', async () => {
    await admin.call('/loggers/web?ttl=10m', { method: 'POST', headers: { 'content-type': JSON_TYPE }, body: '{"configuredLevel":"debug"}' });
    expect(JSON.parse((await admin.call('/loggers/orders')).body)).toEqual({
      configuredLevel: 'DEBUG',
      effectiveLevel: 'DEBUG',
      expiresAt: '2026-11-21T08:10:00.000Z',
      revertsTo: 'INFO',
    });
    expect(JSON.parse((await admin.call('/loggers/web')).body)).toEqual({ configuredLevel: 'DEBUG', members: ['orders', 'orders.db'] });
    expect(admin.changes.map((one) => one.logger)).toEqual(['orders', 'orders.db']);
  });

  it('hands the scope on', async () => {
    await admin.call(`/loggers/orders?trace=${TRACE.toUpperCase()}&route=/a&user=u1`, {
      method: 'POST',
      headers: { 'content-type': JSON_TYPE },
      body: '{"configuredLevel":"debug"}',
    });
    expect(admin.changes[0]?.change.scope).toEqual({ trace: TRACE, route: '/a', user: 'u1' });
  });

  it('clears to what is inherited', async () => {
    await admin.call('/loggers/orders', { method: 'POST', headers: { 'content-type': JSON_TYPE }, body: '{"configuredLevel":"debug"}' });
    expect(JSON.parse((await admin.call('/loggers/orders.db')).body)).toEqual({ effectiveLevel: 'DEBUG' });
    await admin.call('/loggers/orders', { method: 'POST', headers: { 'content-type': JSON_TYPE }, body: '{}' });
    expect(JSON.parse((await admin.call('/loggers/orders.db')).body)).toEqual({ effectiveLevel: 'INFO' });
  });
});
