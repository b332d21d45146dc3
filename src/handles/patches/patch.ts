/** Undoes a patch. Safe to call twice. */
export type Undo = () => void;

/**
 * Puts `wrap(original)` in the place of `target[key]`. The new function carries the own properties of the old one (name, length,
 * promisified form), and the property keeps its flags. Undone, the old one is back; where somebody else has wrapped ours since,
 * theirs stays and ours only passes through.
 *
 * `wrap` gets `enabled()`: whether the patch is still in.
 */
export function patchMethod<T extends object, K extends keyof T>(target: T, key: K, wrap: (original: T[K], enabled: () => boolean) => T[K]): Undo {
  const property = Object.getOwnPropertyDescriptor(target, key);
  const original = target[key];
  if (typeof original !== 'function' || property?.configurable === false) return () => {};
  let on = true;
  const wrapped = wrap(original, () => on);
  copyOwn(original, wrapped as object);
  Object.defineProperty(target, key, { configurable: true, writable: true, enumerable: property?.enumerable ?? false, value: wrapped });
  return () => {
    if (!on) return;
    on = false;
    if (target[key] !== wrapped) return;
    if (property) Object.defineProperty(target, key, property);
    else delete target[key];
  };
}

function copyOwn(from: object, to: object): void {
  for (const key of Reflect.ownKeys(from)) {
    if (key === 'prototype') continue;
    const property = Object.getOwnPropertyDescriptor(from, key);
    if (property) Object.defineProperty(to, key, property);
  }
}

/** Joins several undos; the last patch is undone first. */
export function undoAll(undos: readonly Undo[]): Undo {
  return () => {
    for (let i = undos.length - 1; i >= 0; i--) undos[i]?.();
  };
}

/** Runs telemetry code inside a user's call: whatever happens there, the call goes on. */
export function quietly(note: () => void): void {
  try {
    note();
  } catch {
    // A handle that cannot be noted is still a handle the program may use.
  }
}
