import { type AnyFunction, innermost, type MethodPlace } from './wrapper.ts';

/**
 * The name of the class that a decorated method was written in, as `self`, the `this` of a call, tells it: that of the object in its prototype
 * chain which owns `method`, with or without wrappers around it.
 */
export function ownerName(place: MethodPlace, self: unknown, method: AnyFunction | undefined): string | undefined {
  try {
    if ((typeof self !== 'object' && typeof self !== 'function') || self === null) return undefined;
    const sought = method && innermost(method);
    const is = (value: unknown): boolean => typeof value === 'function' && innermost(value as AnyFunction) === sought;
    let nearest: string | undefined;
    for (let owner: object | null = self; owner !== null; owner = Object.getPrototypeOf(owner) as object | null) {
      const property = Object.getOwnPropertyDescriptor(owner, place.key);
      if (property === undefined) continue;
      const name = classNameOf(place, owner);
      if (is(property.value) || is(property.get) || is(property.set)) return name;
      nearest ??= name;
    }
    return nearest ?? classNameOf(place, self);
  } catch {
    return undefined; // a proxy or a getter refused; the bare method name has to do
  }
}

function classNameOf(place: MethodPlace, owner: object): string | undefined {
  const name: unknown = place.isStatic ? (owner as { name?: unknown }).name : owner.constructor?.name;
  return typeof name === 'string' ? name : undefined;
}
