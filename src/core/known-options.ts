import { nearest } from './nearest.ts';

const MAX_SHOWN = 100; // characters of a name that somebody else gave

/**
 * Refuses options that are no object, or have a name that nobody knows: what is misspelt would be left out without a word.
 * `what` begins the message, such as `Cannot define the error "orders/gone"`.
 */
export function checkOptionNames(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const given = options === null ? 'null' : Array.isArray(options) ? 'a list' : `a ${typeof options}`;
    throw new TypeError(`${what}: its options are ${given}, expected an object`);
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const meant = nearest(key, known);
    const hint = meant === undefined ? '' : `did you mean "${meant}"? `;
    throw new TypeError(`${what}: unknown option "${key.slice(0, MAX_SHOWN)}", ${hint}expected some of ${known.join(', ')}`);
  }
}
