import { describe, expect, it } from 'vitest';
import { safeCopy } from '../../../src/core/json.ts';
import { redactor } from '../../../src/core/redact.ts';
import { parsePath, pathMatches } from '../../../src/core/redact-path.ts';

describe('redaction by path', () => {
  it.each([
    ['user.*', 'user.email', true],
    ['user.*', 'user', false],
    ['user.*', 'user.address.city', false],
    ['user.*.email', 'user.a.email', true],
    ['*.email', 'user.email', true],
    ['*.email', 'email', false],
    ['**.email', 'email', true],
    ['**.email', 'a.b.c.email', true],
    ['a.**', 'a.b.c', true],
    ['a.**.z', 'a.z', true],
    ['a.**.z', 'a.b.y', false],
    ['items[*].card', 'items.3.card', true],
    ['items[0].card', 'items.1.card', false],
    ['headers["x-key"]', 'headers.X-Key', true],
    ["headers['x-key'].*", 'headers.x-key.a', true],
  ])('%s means %s: %s', (pattern, path, expected) => {
    expect(pathMatches(parsePath(pattern), path.split('.'))).toBe(expected);
  });

  it.each(['*', '**', '*.*', 'a[', 'a]*', 'a["b]', '[*]', 'a..*', '*.a".b', `${'**.'.repeat(9)}a.b`])('refuses "%s"', (pattern) => {
    expect(() => parsePath(pattern)).toThrow(`Cannot redact the path "${pattern}"`);
  });

  it('works beside the keys, on copies and on keys with dots', () => {
    const revise = redactor(['shoe', 'user.*.email', '**.card']);
    expect(
      safeCopy({ user: { a: { email: 'x', name: 'n' } }, shoeSize: 44, 'user.b.email': 'y', deep: [{ card: 1, cardinality: 2 }], password: 'p' }, revise),
    ).toEqual({
      user: { a: { email: '[redacted]', name: 'n' } },
      shoeSize: '[redacted]',
      'user.b.email': '[redacted]',
      deep: [{ card: '[redacted]', cardinality: 2 }],
      password: '[redacted]',
    });
  });
});
