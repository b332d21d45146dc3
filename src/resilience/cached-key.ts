/** What a result is kept under. */
export type CacheKey = string | number;

let lastId = 0;
const ids = new WeakMap<object, number>();

/** A number for each object, 0 for none: methods of two objects share nothing. `undefined` for what is neither. */
export function idOf(self: unknown): number | undefined {
  if (self === undefined || self === null) return 0;
  if (typeof self !== 'object' && typeof self !== 'function') return undefined;
  let id = ids.get(self);
  if (id === undefined) {
    id = ++lastId;
    ids.set(self, id);
  }
  return id;
}

/**
 * The key of a call: `"1"` and `1` have two, and so have `("a,b")` and `("a", "b")`. `undefined` where an argument is an
 * object, a function or a symbol: whether two of those are the same only their owner knows.
 */
export function keyOf(id: number, args: readonly unknown[]): CacheKey | undefined {
  if (id === 0 && args.length === 1) {
    const [only] = args;
    if (typeof only === 'string' && only.charCodeAt(0) !== 0) return only;
    if (typeof only === 'number' && only !== 0) return only;
  }
  const text = textOf(args);
  return text === undefined ? undefined : `\0${id}:${text}`;
}

/** Whether `key` is that of a call with these arguments, whatever object's method it was. */
export function isKeyOf(key: CacheKey, text: string): boolean {
  return typeof key === 'string' && key.charCodeAt(0) === 0 && key.slice(key.indexOf(':') + 1) === text;
}

/** The arguments as a text that no others have: each part says where it ends. */
export function textOf(args: readonly unknown[]): string | undefined {
  let text = '';
  for (const arg of args) {
    const part = partOf(arg);
    if (part === undefined) return undefined;
    text += part;
  }
  return text;
}

function partOf(arg: unknown): string | undefined {
  switch (typeof arg) {
    case 'string':
      return `s${arg.length}:${arg}`;
    case 'number':
      return Object.is(arg, -0) ? 'n-0;' : `n${arg};`;
    case 'bigint':
      return `b${arg};`;
    case 'boolean':
      return arg ? 't' : 'f';
    case 'undefined':
      return 'u';
    default:
      return arg === null ? '0' : undefined;
  }
}
