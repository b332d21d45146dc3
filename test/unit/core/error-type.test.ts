import { expect, it } from 'vitest';
import { errorType } from '../../../src/core/error-type.ts';

class CardDeclined extends Error {}

it.each([
  ['a code of Node', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  ['a code of our own', Object.assign(new Error('x'), { code: 'orders/card-declined' }), 'orders/card-declined'],
  ['a code of SQL', Object.assign(new Error('x'), { code: '23505' }), '23505'],
  ['a numeric code is no name', Object.assign(new TypeError('x'), { code: 404 }), 'TypeError'],
  ['a code that holds a value is no name', Object.assign(new TypeError('x'), { code: 'order 17 is gone' }), 'TypeError'],
  ['a huge code is no name', Object.assign(new TypeError('x'), { code: 'x'.repeat(200) }), 'TypeError'],
  ['a class that sets no name', new CardDeclined('x'), 'CardDeclined'],
  ['a name', Object.assign(new Error('x'), { name: 'TimeoutError' }), 'TimeoutError'],
  ['a plain error', new Error('x'), 'Error'],
  ['a DOMException', new DOMException('x', 'DataError'), 'DataError'],
  ['a text', 'broken', 'string'],
  ['undefined', undefined, 'undefined'],
  ['null', null, 'null'],
  ['a plain object', {}, 'Object'],
  ['an object without prototype', Object.create(null), 'Error'],
  [
    'a proxy that throws',
    new Proxy(
      {},
      {
        get() {
          throw new Error('no');
        },
      },
    ),
    'Error',
  ],
])('%s', (_what, error, type) => {
  expect(errorType(error)).toBe(type);
});
