import { describe, expect, it } from 'vitest';
import { useDiagWriter } from '../../../src/core/diag.ts';
import { errorCodes, errorCodesMarkdown } from '../../../src/errors/codes.ts';
import { defineError } from '../../../src/errors/define-error.ts';
import { definitionOf } from '../../../src/errors/definition.ts';

const CardDeclined = defineError<{ orderId: string }>('test/card-declined', {
  status: 402,
  public: 'Your card was declined.',
  hint: 'Ask for another card',
  owner: 'payments',
});

describe('defineError', () => {
  it('makes a class of errors with code, status, data and cause', () => {
    const cause = new Error('402 from the bank');
    const error = new CardDeclined('Cannot charge order "o-1"', { data: { orderId: 'o-1' }, cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'CardDeclined', code: 'test/card-declined', status: 402, data: { orderId: 'o-1' }, cause });
    expect(error.stack).toMatch(/^CardDeclined: Cannot charge order "o-1"\n {4}at .*define-error\.test/);
    expect(Object.keys(error)).toEqual(['data']);
  });

  it('has no cause where none is given', () => {
    expect('cause' in new CardDeclined('x', { data: { orderId: '1' } })).toBe(false);
    expect('cause' in new CardDeclined('x', { data: { orderId: '1' }, cause: undefined })).toBe(true);
  });

  it('takes a bare message where the class has no data', () => {
    const Gone = defineError('test/gone', { status: 410 });
    expect(new Gone('it is gone').data).toBeUndefined();
  });

  it('can be extended; the extended class is its own, the base accepts both', () => {
    class Expired extends CardDeclined {}
    const expired = new Expired('expired', { data: { orderId: '2' } });
    expect(expired).toBeInstanceOf(Expired);
    expect(expired).toBeInstanceOf(CardDeclined);
    expect(new CardDeclined('no', { data: { orderId: '1' } })).not.toBeInstanceOf(Expired);
  });

  it('agrees with the same code from a second copy of the package', async () => {
    const second = (await import(
      /* @vite-ignore */ new URL('../../../src/errors/define-error.ts?copy=2', import.meta.url).href
    )) as typeof import('../../../src/errors/define-error.ts');
    expect(second.defineError).not.toBe(defineError);
    const Theirs = second.defineError<{ orderId: string }>('test/card-declined', {
      status: 402,
      public: 'Your card was declined.',
      hint: 'Ask for another card',
      owner: 'payments',
    });
    const error = new Theirs('x', { data: { orderId: '1' } });
    expect(error).toBeInstanceOf(CardDeclined);
    expect(definitionOf(error)).toEqual(CardDeclined.definition);
    expect(error).not.toBeInstanceOf(defineError('test/other'));
  });

  it.each([null, undefined, 1, 'x', {}, new Error('x'), () => 1])('%s is no instance', (value) => {
    expect(value instanceof CardDeclined).toBe(false);
  });

  it('survives values that throw when they are looked at', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
        getPrototypeOf: () => {
          throw new Error('no');
        },
      },
    );
    expect(hostile instanceof CardDeclined).toBe(false);
  });

  it.each([
    ['orders/card-declined', 'CardDeclined', 'Card declined'],
    ['E_TIMEOUT', 'ETimeout', 'E timeout'],
    ['orders/404', 'Error404', '404'],
    ['a.b/noSuchThing', 'NoSuchThing', 'No such thing'],
  ])('names the class of %s %s', (code, name, title) => {
    expect(defineError(code).definition).toMatchObject({ name, title });
  });

  it.each([
    ['', TypeError],
    ['has space', TypeError],
    ['/x', TypeError],
    ['x/', TypeError],
    [`a${'b'.repeat(100)}`, TypeError],
    [1 as unknown as string, TypeError],
  ])('refuses the code %j', (code, type) => {
    expect(() => defineError(code)).toThrow(type);
    expect(() => defineError(code)).toThrow(/^Cannot define the error/);
  });

  it.each([[200], [399], [600], [402.5], [Number.NaN], ['402' as unknown as number]])('refuses the status %s', (status) => {
    expect(() => defineError('test/status', { status })).toThrow(RangeError);
  });

  it('refuses a kind that is none', () => {
    expect(() => defineError('test/kind', { kind: 'fatal' as 'bug' })).toThrow(/expected "known" or "bug"/);
  });
});

describe('the options of defineError', () => {
  const define = (options: unknown) => () => defineError('test/options', options as never);

  it.each([
    [
      { statuss: 402 },
      'Cannot define the error "test/options": unknown option "statuss", did you mean "status"? expected some of status, public, title, hint, owner, kind',
    ],
    [
      { pubic: 'x' },
      'Cannot define the error "test/options": unknown option "pubic", did you mean "public"? expected some of status, public, title, hint, owner, kind',
    ],
    [{ retryable: true }, 'Cannot define the error "test/options": unknown option "retryable", expected some of status, public, title, hint, owner, kind'],
    [{ public: 402 }, 'Cannot define the error "test/options": its public is a number, expected a text'],
    ['x', 'Cannot define the error "test/options": its options are a string, expected an object'],
    [null, 'Cannot define the error "test/options": its options are null, expected an object'],
    [[402], 'Cannot define the error "test/options": its options are a list, expected an object'],
  ])('%j: says what is expected, in one line', (options, message) => {
    expect(define(options)).toThrow(new TypeError(message));
  });

  it('may be undefined each', () => {
    expect(define({ status: undefined, public: undefined, kind: undefined, hint: undefined })).not.toThrow();
  });
});

describe('the registry of codes', () => {
  it('lists each code once, sorted, and as a table', () => {
    const codes = errorCodes().map((d) => d.code);
    expect(codes).toEqual(codes.toSorted());
    expect(codes.filter((code) => code === 'test/card-declined')).toHaveLength(1);
    expect(errorCodesMarkdown([CardDeclined.definition])).toBe(
      '| code | status | kind | what the user reads | what to do | owner |\n|---|---|---|---|---|---|\n' +
        '| `test/card-declined` | 402 | known | Your card was declined. | Ask for another card | payments |\n',
    );
  });

  it('says it once where two classes share a code and differ', () => {
    const lines: string[] = [];
    const restore = useDiagWriter((line) => lines.push(line));
    defineError('test/twice', { status: 404 });
    defineError('test/twice', { status: 404 });
    expect(lines).toEqual([]);
    defineError('test/twice', { status: 409 });
    defineError('test/twice', { status: 410 });
    restore();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/"test\/twice" is defined twice/);
  });
});
