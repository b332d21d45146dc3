/** A promise of the language and nothing else: what its `then` gives may stand for it. */
export function isPlainPromise(value: object): value is Promise<unknown> {
  return value instanceof Promise && value.constructor === Promise && value.then === Promise.prototype.then;
}

/** Gives a promise what hangs on the one that it stands for: `promisify(exec)` and execa hang things on theirs. */
export function keepExtras(from: object, to: object): void {
  for (const key in from) {
    const property = Object.getOwnPropertyDescriptor(from, key);
    if (property) Object.defineProperty(to, key, property);
  }
}
