import { judgeKey, plainKey, type Verdict } from './redact-key.ts';
import { isPath, parsePath, pathMatches } from './redact-path.ts';
import { REDACTED, scrub } from './redact-text.ts';

const MAX_REMEMBERED = 2_000; // keys are few in a program; a hostile client could send new ones for ever

/** The `revise` function of `safeCopy`. */
export interface Redactor {
  (key: string, value: unknown, path: readonly string[]): unknown;
  /** Whether it looks at the path, which must then be whole and end in the key. */
  readonly byPath: boolean;
}

/**
 * Makes the `revise` function of `safeCopy`: the values of keys that name a secret (at any depth, dotted or not) are
 * replaced by {@link REDACTED}; passwords in addresses and bearer tokens in texts are cut out.
 *
 * Shape: `redactor(extraKeys)`; an extra key matches where it is contained in a key, case, `-`, `_` and `.` ignored. One
 * with `*` or `[` is a path from the top: `user.*.email`, `items[*].card`, `**.pin` (`*`: any key, `**`: any number of keys).
 * Errors: never throws on use; an extra key that is empty or no text throws `TypeError` here.
 *
 * @example
 * redactor(['shoe-size'])('user.shoeSize', 44, []) === '[redacted]';
 */
export function redactor(extraKeys: readonly string[] = []): Redactor {
  const paths = extraKeys.filter((key) => typeof key === 'string' && isPath(key)).map(parsePath);
  const byKey = redactKeys(extraKeys.filter((key) => typeof key !== 'string' || !isPath(key)));
  if (paths.length === 0) return Object.assign(byKey, { byPath: false });
  const byPath = (key: string, value: unknown, path: readonly string[]): unknown =>
    value !== undefined && value !== null && paths.some((pattern) => pathMatches(pattern, path)) ? REDACTED : byKey(key, value);
  return Object.assign(byPath, { byPath: true });
}

function redactKeys(extraKeys: readonly string[]): (key: string, value: unknown) => unknown {
  const extra = extraKeys.map((key) => {
    const plain = typeof key === 'string' ? plainKey(key) : '';
    if (plain === '') throw new TypeError(`Cannot redact the key "${String(key)}": expected a name with a letter or a digit`);
    return plain;
  });
  const remembered = new Map<string, Verdict>();
  return (key, value) => {
    let verdict = remembered.get(key);
    if (verdict === undefined) {
      verdict = judgeKey(key.slice(0, 200), extra);
      if (remembered.size < MAX_REMEMBERED) remembered.set(key, verdict);
    }
    if (verdict === 'open' || value === undefined || value === null) return typeof value === 'string' ? scrub(value) : value;
    // `max_tokens: 4096` and `token: true` are no secrets, `pin: 1234` is one.
    if (verdict === 'text' && (typeof value === 'number' || typeof value === 'boolean')) return value;
    return REDACTED;
  };
}
