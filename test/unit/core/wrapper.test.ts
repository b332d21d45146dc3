import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import { type AnyFunction, isClass, makeWrapper, mimic, stack, type Wrapper } from '../../../src/core/wrapper.ts';

/** A wrapper that writes its name around what the function gives. */
function around(name: string): Wrapper {
  return makeWrapper(`put ${name} around`, (fn, place) =>
    mimic(
      function (this: unknown, ...args: unknown[]) {
        return `${name}${place ? `<${place.isStatic ? 'static ' : ''}${place.className ?? '?'}.${place.key}>` : ''}(${fn.apply(this, args)})`;
      } as AnyFunction,
      fn,
    ),
  );
}

describe('makeWrapper', () => {
  it('wraps a function', () => {
    expect(around('a')(() => 'x')()).toBe('a(x)');
  });

  it('decorates methods: plain, static, private, getters and setters, fields', () => {
    const a = around('a');
    class Shop {
      stock = 3;
      @a open(): string {
        return `open ${this.stock}`;
      }
      @a static opened(): string {
        return 'opened';
      }
      @a #hidden(): string {
        return `hidden ${this.stock}`;
      }
      hidden(): string {
        return this.#hidden();
      }
      @a get left(): string {
        return `left ${this.stock}`;
      }
      @a field = (n: number): string => `field ${n} of ${this.stock}`;
    }
    const shop = new Shop();
    expect(shop.open()).toBe('a<?.open>(open 3)');
    expect(Shop.opened()).toBe('a<static ?.opened>(opened)');
    expect(shop.hidden()).toBe('a<?.#hidden>(hidden 3)');
    expect(shop.left).toBe('a<?.left>(left 3)');
    expect(shop.field(1)).toBe('a<?.field>(field 1 of 3)');
  });

  it('is a legacy decorator of methods and accessors, and is told the class', () => {
    class Shop {
      open(): string {
        return 'open';
      }
      static opened(): string {
        return 'opened';
      }
      get left(): string {
        return 'left';
      }
    }
    const legacy = (target: object, key: string): void => {
      const descriptor = Object.getOwnPropertyDescriptor(target, key) as TypedPropertyDescriptor<unknown>;
      const next = around('a')(target, key, descriptor);
      Object.defineProperty(target, key, next ?? descriptor);
    };
    legacy(Shop.prototype, 'open');
    legacy(Shop, 'opened');
    legacy(Shop.prototype, 'left');
    expect(new Shop().open()).toBe('a<Shop.open>(open)');
    expect(Shop.opened()).toBe('a<static Shop.opened>(opened)');
    expect(new Shop().left).toBe('a<Shop.left>(left)');
  });

  it.each([
    ['undefined', [undefined], 'Cannot put a around: is undefined, expected a function'],
    ['null', [null], 'Cannot put a around: is null, expected a function'],
    ['a number', [7], 'Cannot put a around: is number, expected a function'],
    ['a class', [class Shop {}], 'Cannot put a around "Shop": is a class, expected a function or a method'],
    ['a legacy property', [{}, 'size', undefined], 'Cannot put a around "size": is a property, expected a method'],
    ['an accessor', [{}, { kind: 'accessor', name: 'size', addInitializer() {} }], 'Cannot put a around "size": is a decorated accessor, expected a method'],
  ])('refuses %s where it is written', (_what, args, message) => {
    expect(() => (around('a') as unknown as AnyFunction)(...args)).toThrow(new TypeError(message));
  });
});

describe('stack', () => {
  const [a, b, c] = [around('a'), around('b'), around('c')] as const;

  it('applies the outermost first', () => {
    expect(stack(a, b, c)(() => 'x')()).toBe('a(b(c(x)))');
  });

  it('is the function itself without wrappers', () => {
    const fn = (): number => 1;
    expect(stack()(fn)).toBe(fn);
  });

  it('is a decorator in both forms, and each layer learns the member', () => {
    class Shop {
      stock = 3;
      @stack(a, b) open(): string {
        return `open ${this.stock}`;
      }
      @stack(a, b) field = (): string => `field ${this.stock}`;
    }
    expect(new Shop().open()).toBe('a<?.open>(b<?.open>(open 3))');
    expect(new Shop().field()).toBe('a<?.field>(b<?.field>(field 3))');
    const target = { open: () => 'open' };
    const next = stack(a, b)(target, 'open', Object.getOwnPropertyDescriptor(target, 'open') as TypedPropertyDescriptor<() => string>);
    expect(next?.value?.()).toBe('a<Object.open>(b<Object.open>(open))');
  });

  it('nests', () => {
    expect(stack(a, stack(b, c))(() => 'x')()).toBe('a(b(c(x)))');
  });

  it('refuses what is no wrapper', () => {
    expect(() => stack(a, undefined as never)).toThrow(new TypeError('Cannot stack wrapper 2: is undefined, expected a wrapper'));
  });
});

describe('mimic', () => {
  it('carries name, length, own properties, accessors and reflect-metadata over', () => {
    const symbol = Symbol('own');
    const original = Object.assign(function place(_a: unknown, _b: unknown): void {}, { [symbol]: 1, path: '/x' });
    Object.defineProperty(original, 'lazy', { get: () => 'got', enumerable: false, configurable: true });
    Reflect.defineMetadata('route', '/orders', original);
    const copy = mimic(() => undefined, original);
    expect([copy.name, copy.length, copy.path, copy[symbol]]).toEqual(['place', 2, '/x', 1]);
    expect(Object.getOwnPropertyDescriptor(copy, 'lazy')).toEqual(Object.getOwnPropertyDescriptor(original, 'lazy'));
    expect(Reflect.getMetadata('route', copy)).toBe('/orders');
  });
});

describe('isClass', () => {
  it.each([
    ['a class', class {}, true],
    ['a derived class', class extends Array {}, true],
    ['a built-in', Map, false],
    ['a function', () => {}, false],
    ['a function whose text begins with "class"', function classify() {}, false],
    ['an arrow', () => {}, false],
    ['an async function', async () => {}, false],
    ['no function', 'class {}', false],
  ])('%s', (_what, value, expected) => {
    expect(isClass(value)).toBe(expected);
  });
});
