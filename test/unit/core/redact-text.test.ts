import { describe, expect, it } from 'vitest';
import { safeCopy } from '../../../src/core/json.ts';
import { redactor } from '../../../src/core/redact.ts';
import { scrub } from '../../../src/core/redact-text.ts';

const revise = redactor();

it.each([
  ['a URL', new URL('postgres://app:hunter2@db/orders')],
  ['what toJSON gives', { toJSON: (): unknown => 'postgres://app:hunter2@db/orders' }],
])('the text that an object stands for holds no password: %s', (_, value) => {
  expect(safeCopy({ deep: [{ value }] }, revise)).toEqual({ deep: [{ value: 'postgres://[redacted]@db/orders' }] });
  expect(safeCopy(value, revise)).toBe('postgres://[redacted]@db/orders');
});

describe('names that end in a short word', () => {
  it.each(['dbPass', 'db_pass', 'smtp.pass', 'DB_PASS', 'userPwd', 'MYSQL_PWD'])('%s is a secret', (key) => {
    expect(revise(key, 'hunter2', [key])).toBe('[redacted]');
  });
  it.each(['bypass', 'compass', 'passes', 'PASSED', 'cwd'])('%s is none', (key) => {
    expect(revise(key, 'north', [key])).toBe('north');
  });
  it('a number of passes is none', () => {
    expect(revise('firstPass', 1, ['firstPass'])).toBe(1);
  });
});

describe('secrets in the middle of a text', () => {
  it.each([
    ['GET /orders?page=2&token=abc&sort=asc failed', 'GET /orders?page=2&token=[redacted]&sort=asc failed'],
    ['see https://api.test/v1/users?access_token=eyJh.bGci.OiJ#top, then retry', 'see https://api.test/v1/users?access_token=[redacted]#top, then retry'],
    ['cannot fetch "https://h/x?password=hunter2"', 'cannot fetch "https://h/x?password=[redacted]"'],
    ['(https://h/x?api_key=k1&user=ann)', '(https://h/x?api_key=[redacted]&user=ann)'],
    ['?token=123456', '?token=[redacted]'],
    ['/s3?X-Amz-Signature=abc&X-Amz-Credential=AKIA%2F2026&X-Amz-Expires=60', '/s3?X-Amz-Signature=[redacted]&X-Amz-Credential=[redacted]&X-Amz-Expires=60'],
    ['/login?next=%2Fhome%3Ftoken%3Dabc%26page%3D2&x=1', '/login?next=%2Fhome%3Ftoken%3D[redacted]%26page%3D2&x=1'],
    ['/callback?code=4/0Ab-c&state=xyz', '/callback?code=[redacted]&state=xyz'],
    ['/f?user[password]=hunter2&user[name]=ann', '/f?user[password]=[redacted]&user[name]=ann'],
    ['Server=db;UID=sa;PWD=hunter2;Encrypt=yes', 'Server=db;UID=sa;PWD=[redacted];Encrypt=yes'],
    ['host=db user=app password=hunter2 dbname=orders', 'host=db user=app password=[redacted] dbname=orders'],
    ["password='hunter 2' user=app", 'password=[redacted] user=app'],
    ['password="hunter2', 'password=[redacted]'],
    ['clientSecret=s3cr3t, refresh_token=r1', 'clientSecret=[redacted], refresh_token=[redacted]'],
    ['pass=hunter2', 'pass=[redacted]'],
    ['body {"password":"hunter2","a":1} was sent', 'body {"password":"[redacted]","a":1} was sent'],
    ['{ "apiKey" : "k\\"1", "pin": 1234, "db": {"secret":"s"} }', '{ "apiKey" : "[redacted]", "pin": "[redacted]", "db": {"secret":"[redacted]"} }'],
    [JSON.stringify({ body: JSON.stringify({ token: 'hunter2', page: 1 }) }), JSON.stringify({ body: JSON.stringify({ token: '[redacted]', page: 1 }) })],
    ["{\n  deep: [ { secret: 'a' } ],\n  token: 'b'\n}", "{\n  deep: [ { secret: '[redacted]' } ],\n  token: '[redacted]'\n}"],
    ['cut off in {"password":"hunt', 'cut off in {"password":"[redacted]"'],
    ["options { user: 'ann', password: 'hunter2', 'x-api-key': 'k' }", "options { user: 'ann', password: '[redacted]', 'x-api-key': '[redacted]' }"],
    ['?token=REDACTED&sig=[redacted]', '?token=REDACTED&sig=[redacted]'],
    ['{ password: "it\'s", secret: `a\'"b`, pin: 1234, tokens: 12 }', "{ password: '[redacted]', secret: '[redacted]', pin: '[redacted]', tokens: 12 }"],
    ['{"passwords":["a","b"],"n":[1]}', '{"passwords":"[redacted]","n":[1]}'],
    ["{ passwords: [ 'a', 'b' ], n: [ 1 ] }", "{ passwords: '[redacted]', n: [ 1 ] }"],
    ['https://app.test/#access_token=abc&state=1', 'https://app.test/#access_token=[redacted]&state=1'],
    ['GET / HTTP/1.1\r\nAuthorization: Basic YXBw\r\nAccept: a/b', 'GET / HTTP/1.1\r\nAuthorization: Basic [redacted]\r\nAccept: a/b'],
    ['proxy-authorization: Token abc', 'proxy-authorization: Token [redacted]'],
    ['Basic aHVudGVyMg== was refused', 'Basic [redacted] was refused'],
    ['postgres://app:p@ss@db/orders', 'postgres://[redacted]@db/orders'],
    ['Cookie: sid=abc; theme=dark\nHost: h', 'Cookie: [redacted]\nHost: h'],
  ])('%s', (text, clean) => {
    expect(scrub(text)).toBe(clean);
    expect(scrub(clean)).toBe(clean);
    expect(revise('message', text, ['message'])).toBe(clean);
  });

  it.each([
    'pass=3 fail=0 skipped=1',
    'max_tokens=4096 was exceeded',
    '/search?q=password&page=2',
    '/v1?max_tokens=10&page_token=2',
    'a == b, token => value, code=404',
    'the key=value pairs are wrong',
    'tokenize=true',
    '/x?compass=north&monkey=1&author=ann',
    'status=401 auth=basic',
    '',
    '=',
    '{"max_tokens":4096,"token":"true","author":"ann","password":null}',
    "{ bypass: 'north', password: undefined }",
    'the "password" field: "is empty"',
    "Unexpected token: 'x'",
    '?=&=;=',
  ])('%s is none', (text) => {
    expect(scrub(text)).toBe(text);
  });

  it('takes time in proportion to the text, whatever it is made of', () => {
    const size = 65_536;
    for (const part of [
      '?token=',
      '&',
      '?a',
      'password=',
      'password="',
      "p='",
      ' a=',
      '%3f',
      '?token%3d%26',
      '=',
      '?aaaa=%2',
      'basic ',
      'x=(',
      '://a:',
      ' \n',
      '"a":"',
      '"a":"\\',
      '\\"a\\":\\"',
      '\\"a\\":\\"x"',
      " a: '",
      '"a" : ',
      '"',
      '\\',
    ]) {
      expect(scrub(part.repeat(Math.ceil(size / part.length))).length).toBeGreaterThan(0);
    }
  });

  it('is looked for in as much of a text as a stack may be long', () => {
    expect(scrub(`${'x'.repeat(60_000)} ?token=abc`)).toMatch(/token=\[redacted\]$/);
  });
});
