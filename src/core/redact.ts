import { isPath, parsePath, pathMatches } from './redact-path.ts';

/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

/** Keys that hold a secret when they are exactly this (letters and digits only, lower case). */
const EXACT = new Set([
  'auth',
  'pin',
  'otp',
  'totp',
  'cvv',
  'cvc',
  'cvv2',
  'pan',
  'ssn',
  'pwd',
  'pass',
  'sid',
  'sessionid',
  'connectsid',
  'signature',
  'salt',
  'dsn',
  'iban',
  'passphrase',
  'jwt',
  'xsrf',
  'csrf',
]);
/** Keys that hold a secret when they contain this. */
const CONTAINED = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'authorization',
  'cookie',
  'credential',
  'apikey',
  'privatekey',
  'accesskey',
  'signingkey',
  'encryptionkey',
  'connectionstring',
  'cardnumber',
  'creditcard',
  'sessionkey',
  'csrftoken',
  'bearer',
];
/** `dbPass`, `smtp_pass`, `DB_PWD`: the short words end a name; `bypass` and `compass` do not end in them. */
const SHORT = /(?:[^A-Za-z]|[a-z0-9](?=P))(?:pass|Pass|PASS|pwd|Pwd|PWD)$/;
const MAX_REMEMBERED = 2_000; // keys are few in a program; a hostile client could send new ones for ever
const MAX_SCANNED = 8_192; // characters of a value that are searched: an address or a header is shorter

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
      verdict = judge(key.slice(0, 200), extra);
      if (remembered.size < MAX_REMEMBERED) remembered.set(key, verdict);
    }
    if (verdict === 'open' || value === undefined || value === null) return typeof value === 'string' ? scrub(value) : value;
    // `max_tokens: 4096` and `token: true` are no secrets, `pin: 1234` is one.
    if (verdict === 'text' && (typeof value === 'number' || typeof value === 'boolean')) return value;
    return REDACTED;
  };
}

type Verdict = 'open' | 'secret' | 'text';

function judge(key: string, extra: readonly string[]): Verdict {
  const plain = plainKey(key);
  if (EXACT.has(plain) || CONTAINED.some((part) => plain.includes(part)) || extra.some((part) => plain.includes(part))) return 'secret';
  return plain.includes('token') || SHORT.test(key) ? 'text' : 'open';
}

function plainKey(key: string): string {
  return key.toLowerCase().replace(/[^a-z0-9]+/g, '');
}

/**
 * Cuts passwords out of addresses and tokens out of `Bearer …` and `Basic …`.
 *
 * @example
 * scrub('postgres://app:hunter2@db/orders') === 'postgres://[redacted]@db/orders';
 */
export function scrub(text: string): string {
  if (text.length > MAX_SCANNED) return scrub(text.slice(0, MAX_SCANNED)) + text.slice(MAX_SCANNED);
  let out = text;
  if (out.includes('@') && out.includes('://')) out = out.replace(/:\/\/[^/\s:@]{0,256}:[^/\s@]{1,512}@/g, `://${REDACTED}@`);
  // A token has a digit or is long; "a basic example" is neither.
  if (/bearer|basic/i.test(out)) out = out.replace(/\b(bearer|basic)\s+(?=[^\s\d]*\d|\S{20})[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${REDACTED}`);
  return out;
}
