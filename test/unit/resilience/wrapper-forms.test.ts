import { beforeEach, describe, expect, it } from 'vitest';
import { type AnyFunction, stack, type Wrapper } from '../../../src/core/wrapper.ts';
import { type NamedOptions, wrapperForms } from '../../../src/resilience/wrapper-forms.ts';

interface TimesOptions extends NamedOptions {
  readonly by?: number;
}
interface Times extends Wrapper {
  readonly by: number;
  readonly wrapped: number;
}

const names: string[] = [];
let prepared = 0;
beforeEach(() => {
  names.length = 0;
  prepared = 0;
});
/** Multiplies what a function gives. */
const times = wrapperForms<TimesOptions, Times>('times', ['name', 'by'], ({ by = 2 }, refuse) => {
  if (typeof by !== 'number') throw refuse(`by is ${typeof by}, expected a number`);
  prepared++;
  let wrapped = 0;
  return {
    wrap(fn: AnyFunction, name: string): AnyFunction {
      names.push(name);
      wrapped++;
      return function (this: unknown, ...args: unknown[]) {
        return by * (fn.apply(this, args) as number);
      };
    },
    face: {
      by,
      get wrapped() {
        return wrapped;
      },
    },
  };
});
const one = (): number => 1;

describe('the forms', () => {
  it('are name, options and function, in that order; each may be left out', () => {
    const made = [times(one), times('n', one), times('n', { by: 3 }, one), times({ by: 4 }, one), times('n')(one), times('n', { by: 5 })(one), times()(one)];
    expect(made.map((fn) => fn())).toEqual([2, 2, 3, 4, 2, 5, 2]);
    expect(names).toEqual(['one', 'n', 'n', 'one', 'n', 'n', 'one']);
  });

  it('read the options once for all functions of a wrapper', () => {
    const wrapper = times({ by: 3 });
    expect([wrapper(one)(), wrapper(() => 2)()]).toEqual([3, 6]);
    expect(prepared).toBe(1);
  });

  it('are called as they are written', () => {
    expect(times.name).toBe('times');
  });

  it('give a value that shows its state, with getters that stay getters', () => {
    const wrapper = times({ by: 3 });
    wrapper(one);
    wrapper(one);
    expect([wrapper.by, wrapper.wrapped]).toEqual([3, 2]);
  });
});

describe('the wrapped function', () => {
  it('has name, length, `this` and properties of its own', () => {
    const fn = Object.assign(
      function add(this: { base: number }, a: number, _b: number) {
        return this.base + a;
      },
      { kind: 'sum' },
    );
    const wrapped = times(fn);
    expect([wrapped.name, wrapped.length, wrapped.kind, wrapped.call({ base: 20 }, 1, 0)]).toEqual(['add', 2, 'sum', 42]);
  });

  it('is named anonymous where it has no name', () => {
    times(
      (
        () => () =>
          1
      )(),
    );
    expect(names).toEqual(['anonymous']);
  });
});

describe('as a decorator', () => {
  it('takes methods, static and private ones, getters and fields, with and without options', () => {
    class Shop {
      base = 10;
      @times sell(): number {
        return this.base;
      }
      @times() give(): number {
        return this.base;
      }
      @times('shop.count', { by: 3 }) static count(): number {
        return 1;
      }
      @times({ by: 5 }) #hidden(): number {
        return 1;
      }
      @times({ by: 7 }) get size(): number {
        return 1;
      }
      @times({ by: 11 }) field = (): number => this.base;
      hidden(): number {
        return this.#hidden();
      }
    }
    const shop = new Shop();
    expect([shop.sell(), shop.give(), Shop.count(), shop.hidden(), shop.size, shop.field()]).toEqual([20, 20, 3, 5, 7, 110]);
    expect(names.toSorted()).toEqual(['Shop.#hidden', 'Shop.field', 'Shop.give', 'Shop.sell', 'Shop.size', 'shop.count']);
  });

  it('has the name of the class that the method was written in, whoever calls it first and whatever is around it', () => {
    class Shop {
      @times @times sell(): number {
        return 1;
      }
      @times static open(): number {
        return 1;
      }
    }
    class Kiosk extends Shop {
      override sell(): number {
        return super.sell() + 1;
      }
    }
    expect([new Kiosk().sell(), new Shop().sell(), Kiosk.open()]).toEqual([5, 4, 2]);
    expect(names).toEqual(['Shop.sell', 'Shop.sell', 'Shop.open']);
    const { sell } = Shop.prototype;
    expect([sell.name, sell.length]).toEqual(['sell', 0]);
  });

  it('is told the class in the legacy form', () => {
    class Shop {
      static open(): number {
        return 1;
      }
      sell(): number {
        return 2;
      }
    }
    const legacy = (target: object, key: string, wrapper: Wrapper): void => {
      const descriptor = Object.getOwnPropertyDescriptor(target, key) as PropertyDescriptor;
      Object.defineProperty(target, key, (wrapper as never as (...args: unknown[]) => PropertyDescriptor)(target, key, descriptor));
    };
    legacy(Shop, 'open', times as never as Wrapper);
    legacy(Shop.prototype, 'sell', times({ by: 3 }));
    expect([Shop.open(), new Shop().sell(), names]).toEqual([2, 6, ['Shop.open', 'Shop.sell']]);
  });

  it('is part of a stack', () => {
    expect(stack(times({ by: 2 }), times({ by: 3 }))(one)()).toBe(6);
  });
});

describe('what makes no sense is refused where it is written', () => {
  const bad = times as never as (...args: unknown[]) => unknown;
  it.each<[unknown[], string]>([
    [[{ bye: 1 }], 'Cannot make times: unknown option "bye", did you mean "by"? expected some of name, by'],
    [['n', { bye: 1 }], 'Cannot make times "n": unknown option "bye", did you mean "by"? expected some of name, by'],
    [['n', 7], 'Cannot make times "n": its options are a number, expected an object'],
    [[null], 'Cannot make times: its options are null, expected an object'],
    [[7], 'Cannot make times: its options are a number, expected an object'],
    [['n', { name: 'm' }], 'Cannot make times "n": option "name" is "m", expected one name'],
    [[''], 'Cannot make times "": its name is empty, expected a text'],
    [[{ name: 7 }], 'Cannot make times "7": its name is number, expected a text'],
    [[{ by: '2' }], 'Cannot make times: by is string, expected a number'],
    [[{}, 7], 'Cannot wrap with times: is number, expected a function'],
    [['n', {}, 'fn'], 'Cannot wrap with times: is string, expected a function'],
    [[class Shop {}], 'Cannot wrap with times "Shop": is a class, expected a function or a method'],
  ])('%j', (args, message) => {
    expect(() => bad(...args)).toThrow(new TypeError(message));
  });
});
