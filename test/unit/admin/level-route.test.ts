import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AdminServer, adminServer } from './admin-server.ts';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const UNSPECIFIED = { error: 'must specify logging level' };

let admin: AdminServer;
beforeAll(async () => {
  admin = await adminServer();
});
afterAll(() => admin.close());
beforeEach(async () => {
  await admin.call('/log/level?level=info', { method: 'PUT' });
  await admin.call('/log/level?level=info&logger=orders', { method: 'PUT' });
});

type Row = [name: string, method: string, path: string, type: string | undefined, body: string | undefined, status: number, answer: unknown];

const rows: Row[] = [
  // zap's own rows
  ['GET', 'GET', '', undefined, undefined, 200, { level: 'info' }],
  ['PUT JSON', 'PUT', '', JSON_TYPE, '{"level":"warn"}', 200, { level: 'warn' }],
  ['PUT form', 'PUT', '', FORM, 'level=warn', 200, { level: 'warn' }],
  ['PUT query with an empty form', 'PUT', '?level=warn', FORM, '', 200, { level: 'warn' }],
  ['PUT form body over query', 'PUT', '?level=info', FORM, 'level=error', 200, { level: 'error' }],
  ['PUT JSON, unknown level', 'PUT', '', JSON_TYPE, '{"level":"unrecognized"}', 400, { error: 'unrecognized level: "unrecognized"' }],
  ['PUT form, unknown level', 'PUT', '', FORM, 'level=unrecognized', 400, { error: 'unrecognized level: "unrecognized"' }],
  ['PUT JSON without level', 'PUT', '', JSON_TYPE, '{}', 400, UNSPECIFIED],
  ['PUT form without level', 'PUT', '', FORM, 'other=1', 400, UNSPECIFIED],
  ['PUT broken JSON', 'PUT', '', JSON_TYPE, '{"level":', 400, /^malformed request body: /],
  ['PUT form that is JSON', 'PUT', '', FORM, '{"level":"warn"}', 400, UNSPECIFIED],
  ['PUT JSON, the query is not looked at', 'PUT', '?level=info', JSON_TYPE, '{"level":"warn"}', 200, { level: 'warn' }],
  ['PUT JSON cut short', 'PUT', '', JSON_TYPE, '{"level":"warn', 400, /^malformed request body: /],
  ['PUT malformed query', 'PUT', '?level=%', FORM, '', 400, { error: 'unrecognized level: "%"' }],
  ['PUT malformed form', 'PUT', '', FORM, 'level=%', 400, { error: 'unrecognized level: "%"' }],
  ['PUT empty form', 'PUT', '', FORM, '', 400, UNSPECIFIED],
  ['POST form', 'POST', '', FORM, 'level=warn', 405, { error: 'Only GET and PUT are supported.' }],
  ['PUT a script as level', 'PUT', '', JSON_TYPE, '{"level":"<script>alert(\\"malicious\\")</script>"}', 400, /^unrecognized level: /],
  ['POST', 'POST', '', JSON_TYPE, '{"level":"warn"}', 405, { error: 'Only GET and PUT are supported.' }],
  // the rest of the superset
  ['HEAD', 'HEAD', '', undefined, undefined, 200, undefined],
  ['DELETE', 'DELETE', '', undefined, undefined, 405, { error: 'Only GET and PUT are supported.' }],
  ['PATCH', 'PATCH', '', JSON_TYPE, '{"level":"warn"}', 405, { error: 'Only GET and PUT are supported.' }],
  ['OPTIONS', 'OPTIONS', '', undefined, undefined, 405, { error: 'Only GET and PUT are supported.' }],
  ['trailing slash', 'GET', '/', undefined, undefined, 200, { level: 'info' }],
  ['no type is JSON', 'PUT', '', undefined, '{"level":"debug"}', 200, { level: 'debug' }],
  ['text/plain is JSON', 'PUT', '', 'text/plain', '{"level":"debug"}', 200, { level: 'debug' }],
  ['a type with parameters', 'PUT', '', 'application/json; charset=utf-8', '{"level":"debug"}', 200, { level: 'debug' }],
  ['a form type with parameters', 'PUT', '', `${FORM}; charset=UTF-8`, 'level=debug', 200, { level: 'debug' }],
  ['a form type in upper case', 'PUT', '', FORM.toUpperCase(), 'level=debug', 200, { level: 'debug' }],
  ['the first duplicate of a form', 'PUT', '', FORM, 'level=debug&level=error', 200, { level: 'debug' }],
  ['the first duplicate of a query', 'PUT', '?level=debug&level=error', undefined, undefined, 200, { level: 'debug' }],
  ['query without body and type', 'PUT', '?level=debug', undefined, undefined, 200, { level: 'debug' }],
  ['query with an empty JSON body', 'PUT', '?level=debug', JSON_TYPE, '', 200, { level: 'debug' }],
  ['query with an empty body of any type', 'PUT', '?level=debug', 'image/png', '', 200, { level: 'debug' }],
  ['a form without level, the query has it', 'PUT', '?level=debug', FORM, 'reason=x', 200, { level: 'debug' }],
  ['JSON body over query', 'PUT', '?level=error', JSON_TYPE, '{"level":"debug"}', 200, { level: 'debug' }],
  ['JSON without level does not take the query', 'PUT', '?level=error', JSON_TYPE, '{}', 400, UNSPECIFIED],
  ['nothing at all', 'PUT', '', undefined, undefined, 400, UNSPECIFIED],
  ['an empty level in a form', 'PUT', '', FORM, 'level=', 400, UNSPECIFIED],
  ['an empty level in a query', 'PUT', '?level=', undefined, undefined, 400, UNSPECIFIED],
  ['an empty level in JSON', 'PUT', '', JSON_TYPE, '{"level":""}', 400, { error: 'unrecognized level: ""' }],
  ['a null level', 'PUT', '', JSON_TYPE, '{"level":null}', 400, UNSPECIFIED],
  ['a number', 'PUT', '', JSON_TYPE, '{"level":3}', 400, { error: 'malformed request body: level is no string' }],
  ['an array', 'PUT', '', JSON_TYPE, '{"level":["debug"]}', 400, { error: 'malformed request body: level is no string' }],
  ['an object', 'PUT', '', JSON_TYPE, '{"level":{}}', 400, { error: 'malformed request body: level is no string' }],
  ['a body that is an array', 'PUT', '', JSON_TYPE, '["debug"]', 400, { error: 'malformed request body: expected a JSON object' }],
  ['a body that is a text', 'PUT', '', JSON_TYPE, '"debug"', 400, { error: 'malformed request body: expected a JSON object' }],
  ['a body that is null', 'PUT', '', JSON_TYPE, 'null', 400, { error: 'malformed request body: expected a JSON object' }],
  ['unknown keys', 'PUT', '', JSON_TYPE, '{"level":"debug","x":{"y":1}}', 200, { level: 'debug' }],
  ['a key in another case, as Go reads it', 'PUT', '', JSON_TYPE, '{"Level":"debug"}', 200, { level: 'debug' }],
  ['a key twice in two cases: the last one', 'PUT', '', JSON_TYPE, '{"level":"debug","LEVEL":"warn"}', 200, { level: 'warn' }],
  ['a value after the value is not read, as in Go', 'PUT', '', JSON_TYPE, '{"level":"debug"} {"level":"warn"}', 200, { level: 'debug' }],
  ['what follows the value is not read, as in Go', 'PUT', '', JSON_TYPE, '{"x":"}\\"{","level":"debug"}, trailing', 200, { level: 'debug' }],
  ['what precedes the value', 'PUT', '', JSON_TYPE, 'x{"level":"debug"}', 400, /^malformed request body: /],
  ['a value that is cut off', 'PUT', '', JSON_TYPE, '{"level":"debug"', 400, /^malformed request body: /],
  ['__proto__', 'PUT', '', JSON_TYPE, '{"__proto__":{"level":"debug"}}', 400, UNSPECIFIED],
  ['a prototype name as level', 'PUT', '', JSON_TYPE, '{"level":"constructor"}', 400, { error: 'unrecognized level: "constructor"' }],
  ['upper case', 'PUT', '?level=DEBUG', undefined, undefined, 200, { level: 'debug' }],
  ['mixed case', 'PUT', '?level=WaRn', undefined, undefined, 200, { level: 'warn' }],
  ['trace', 'PUT', '?level=trace', undefined, undefined, 200, { level: 'trace' }],
  ['fatal', 'PUT', '?level=fatal', undefined, undefined, 200, { level: 'fatal' }],
  ['off', 'PUT', '?level=off', undefined, undefined, 200, { level: 'off' }],
  ['warning', 'PUT', '?level=warning', undefined, undefined, 200, { level: 'warn' }],
  ['dpanic', 'PUT', '?level=dpanic', undefined, undefined, 200, { level: 'fatal' }],
  ['panic', 'PUT', '?level=panic', undefined, undefined, 200, { level: 'fatal' }],
  ['silent', 'PUT', '?level=silent', undefined, undefined, 200, { level: 'off' }],
  ['none', 'PUT', '?level=none', undefined, undefined, 200, { level: 'off' }],
  ['a level with a space', 'PUT', '?level=debug%20', undefined, undefined, 400, { error: 'unrecognized level: "debug "' }],
  ['a ttl of 90s', 'PUT', '?level=debug&ttl=90s', undefined, undefined, 200, { level: 'debug', expiresAt: '2026-11-21T08:01:30.000Z', revertsTo: 'info' }],
  ['a ttl of 10m', 'PUT', '', JSON_TYPE, '{"level":"debug","ttl":"10m"}', 200, { level: 'debug', expiresAt: '2026-11-21T08:10:00.000Z', revertsTo: 'info' }],
  ['a ttl of 1h', 'PUT', '', FORM, 'level=debug&ttl=1h', 200, { level: 'debug', expiresAt: '2026-11-21T09:00:00.000Z', revertsTo: 'info' }],
  ['a ttl as Go writes it', 'PUT', '', FORM, 'level=debug&ttl=1h30m', 200, { level: 'debug', expiresAt: '2026-11-21T09:30:00.000Z', revertsTo: 'info' }],
  ['a ttl in seconds', 'PUT', '', JSON_TYPE, '{"level":"debug","ttl":60}', 200, { level: 'debug', expiresAt: '2026-11-21T08:01:00.000Z', revertsTo: 'info' }],
  [
    'a ttl in seconds as text',
    'PUT',
    '?level=debug&ttl=60',
    undefined,
    undefined,
    200,
    { level: 'debug', expiresAt: '2026-11-21T08:01:00.000Z', revertsTo: 'info' },
  ],
  [
    'rollbackAfter',
    'PUT',
    '',
    JSON_TYPE,
    '{"level":"debug","rollbackAfter":"1m"}',
    200,
    { level: 'debug', expiresAt: '2026-11-21T08:01:00.000Z', revertsTo: 'info' },
  ],
  ['a ttl of a day', 'PUT', '?level=debug&ttl=24h', undefined, undefined, 200, { level: 'debug', expiresAt: '2026-11-22T08:00:00.000Z', revertsTo: 'info' }],
  ['a ttl over a day', 'PUT', '?level=debug&ttl=25h', undefined, undefined, 400, { error: 'ttl is too long: "25h", at most 24h' }],
  ['a ttl of 0', 'PUT', '?level=debug&ttl=0', undefined, undefined, 400, { error: 'unrecognized ttl: "0"' }],
  ['a negative ttl', 'PUT', '', JSON_TYPE, '{"level":"debug","ttl":-5}', 400, { error: 'unrecognized ttl: -5' }],
  ['a ttl that is none', 'PUT', '?level=debug&ttl=soon', undefined, undefined, 400, { error: 'unrecognized ttl: "soon"' }],
  ['a ttl that is an object', 'PUT', '', JSON_TYPE, '{"level":"debug","ttl":{}}', 400, { error: 'unrecognized ttl: {}' }],
  ['a reason that is none', 'PUT', '', JSON_TYPE, '{"level":"debug","reason":5}', 400, { error: 'malformed request body: reason is no string' }],
  ['another logger', 'PUT', '?logger=orders', JSON_TYPE, '{"level":"debug"}', 200, { level: 'debug' }],
  ['a logger below another', 'GET', '?logger=orders.db', undefined, undefined, 200, { level: 'info' }],
  ['a logger by the name of root', 'GET', '?logger=ROOT', undefined, undefined, 200, { level: 'info' }],
  ['a name that is too long', 'GET', `?logger=${'a'.repeat(300)}`, undefined, undefined, 400, { error: 'the name of the logger is too long' }],
  ['4 KiB', 'PUT', '', JSON_TYPE, `{"level":"debug","x":"${'a'.repeat(4_096 - 24)}"}`, 200, { level: 'debug' }],
  ['over 4 KiB', 'PUT', '', JSON_TYPE, `{"level":"debug","x":"${'a'.repeat(4_096)}"}`, 413, { error: 'request body is larger than 4 KiB' }],
];

describe('/log/level', () => {
  it.each(rows)('%s', async (_name, method, path, type, body, status, answer) => {
    const reply = await admin.call(`/log/level${path}`, {
      method,
      headers: type === undefined ? {} : { 'content-type': type },
      ...(body === undefined ? {} : { body }),
    });
    expect(reply.status).toBe(status);
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
    if (status === 405) expect(reply.headers.allow).toBe('GET, HEAD, PUT');
    if (answer === undefined) expect(reply.body).toBe('');
    else if (answer instanceof RegExp) expect((JSON.parse(reply.body) as { error: string }).error).toMatch(answer);
    else expect(JSON.parse(reply.body)).toEqual(answer);
  });

  it('has 60 rows or more', () => {
    expect(rows.length).toBeGreaterThanOrEqual(60);
  });

  it('answers to the byte as zap does', async () => {
    expect((await admin.call('/log/level')).body).toBe('{"level":"info"}\n');
  });

  it('escapes what could be HTML and bounds what it repeats', async () => {
    const reply = await admin.call('/log/level', { method: 'PUT', body: JSON.stringify({ level: `<a>&${'x'.repeat(500)}` }) });
    expect(reply.body).toContain('\\u003ca\\u003e\\u0026');
    expect((JSON.parse(reply.body) as { error: string }).error.length).toBe(200);
  });

  it('changes nothing when it refuses', async () => {
    const before = admin.changes.length;
    await admin.call('/log/level?level=nope', { method: 'PUT' });
    await admin.call('/log/level?level=debug', { method: 'POST' });
    expect(admin.changes.length).toBe(before);
  });

  it('hands on who asked, why and for how long', async () => {
    await admin.call('/log/level?logger=orders', {
      method: 'PUT',
      headers: { 'user-agent': 'curl/8' },
      body: '{"level":"debug","ttl":"10s","reason":"incident 7"}',
    });
    expect(admin.changes.at(-1)).toEqual({
      logger: 'orders',
      level: 'debug',
      change: { ttlMs: 10_000, reason: 'incident 7', actor: 'curl/8', remoteAddress: '127.0.0.1' },
    });
  });

  it('a change without a ttl ends the lease', async () => {
    await admin.call('/log/level?level=debug&ttl=1h', { method: 'PUT' });
    expect(JSON.parse((await admin.call('/log/level')).body)).toHaveProperty('expiresAt');
    await admin.call('/log/level?level=warn', { method: 'PUT' });
    expect(JSON.parse((await admin.call('/log/level')).body)).toEqual({ level: 'warn' });
  });

  it('asks for a ttl where that is required', async () => {
    const strict = await adminServer({ requireTtl: true });
    expect((await strict.call('/log/level?level=debug', { method: 'PUT' })).body).toBe('{"error":"must specify ttl"}\n');
    expect((await strict.call('/log/level?level=debug&ttl=1m', { method: 'PUT' })).status).toBe(200);
    strict.close();
  });

  it('takes the level of a form that a framework has read: the first one, else that of the query', async () => {
    const forms = [{ level: ['warn', 'debug'] }, { x: '1' }];
    const mounted = await adminServer({}, (handler) =>
      createServer((request, response) => {
        request.resume().on('end', () => handler(Object.assign(request, { body: forms.shift() }), response));
      }),
    );
    const call = { method: 'PUT', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'x=1' };
    expect((await mounted.call('/log/level?level=error', call)).body).toBe('{"level":"warn"}\n');
    expect((await mounted.call('/log/level?level=error', call)).body).toBe('{"level":"error"}\n');
    mounted.close();
  });

  it('counts a URL that is too long as refused', async () => {
    const own = await adminServer();
    expect((await own.call(`/log/level?${'a'.repeat(5_000)}`)).status).toBe(400);
    expect(own.refusals).toEqual(['too_large']);
    own.close();
  });

  it('answers 500 without a stack when something of ours fails', async () => {
    const broken = await adminServer({
      levels: {
        get: () => {
          throw new Error('boom');
        },
      } as never,
    });
    const reply = await broken.call('/log/level');
    expect([reply.status, reply.body]).toEqual([500, '{"error":"internal error: boom"}\n']);
    broken.close();
  });
});
