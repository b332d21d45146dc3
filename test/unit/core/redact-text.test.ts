import { describe, expect, it } from 'vitest';
import { safeCopy } from '../../../src/core/json.ts';
import { redactor } from '../../../src/core/redact.ts';

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
