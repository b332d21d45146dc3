import { describe, expect, it } from 'vitest';
import { safeCopy } from '../../../src/core/json.ts';
import { redactor } from '../../../src/core/redact.ts';
import { scrub } from '../../../src/core/redact-text.ts';

describe('redactor', () => {
  const revise = redactor();
  it.each([
    'password',
    'PASSWORD',
    'user.password',
    'newPassword',
    'passwd',
    'pwd',
    'secret',
    'client_secret',
    'apiKey',
    'api-key',
    'x-api-key',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'accessToken',
    'refresh_token',
    'token',
    'privateKey',
    'credentials',
    'connectionString',
    'cardNumber',
    'cvv',
    'pin',
    'otp',
    'ssn',
    'jwt',
    'sessionId',
    'passphrase',
  ])('hides %s', (key) => {
    expect(revise(key, 'value', [])).toBe('[redacted]');
  });

  it.each([
    'user',
    'passenger',
    'author',
    'pinned',
    'spinner',
    'order.id',
    'tokens',
    'key',
    'monkey',
    'passed',
    'compass',
    'company',
    'description',
    'authority',
    'option',
  ])('shows %s of a number or a plain word', (key) => {
    expect(revise(key, 7, [])).toBe(7);
  });

  it('hides numbers that are secrets, shows counts of tokens', () => {
    expect(revise('pin', 1234, [])).toBe('[redacted]');
    expect(revise('max_tokens', 4096, [])).toBe(4096);
    expect(revise('token', null, [])).toBe(null);
  });

  it('goes to any depth, through arrays and maps', () => {
    const value = { a: [{ b: { password: 'x', list: [{ token: 'y' }] } }], headers: new Map([['authorization', 'Bearer z']]) };
    expect(safeCopy(value, revise)).toEqual({
      a: [{ b: { password: '[redacted]', list: [{ token: '[redacted]' }] } }],
      headers: { authorization: '[redacted]' },
    });
  });

  it('takes further keys', () => {
    expect(redactor(['shoe-size'])('ShoeSizeEu', 44, [])).toBe('[redacted]');
    expect(() => redactor(['--'])).toThrow(TypeError);
  });

  it('never throws', () => {
    for (const key of ['', '\u0000', 'x'.repeat(1_000_000), '𝕏', '__proto__']) expect(() => revise(key, {}, [])).not.toThrow();
  });
});

describe('scrub', () => {
  it.each([
    ['postgres://app:hunter2@db:5432/orders', 'postgres://[redacted]@db:5432/orders'],
    ['see https://a:b@x/ and redis://:pw@y', 'see https://[redacted]@x/ and redis://[redacted]@y'],
    ['Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.x', 'Authorization: Bearer [redacted]'],
    ['basic dXNlcjpwYXNzd29yZA==', 'basic [redacted]'],
    ['mail ann@example.com about https://example.com/a', 'mail ann@example.com about https://example.com/a'],
    ['a basic example of the bearer', 'a basic example of the bearer'],
    ['file:///app/src/orders.ts:12:7', 'file:///app/src/orders.ts:12:7'],
  ])('%s', (text, clean) => {
    expect(scrub(text)).toBe(clean);
  });
});
