import { judgeKey, plainKey, saysSecret } from './redact-key.ts';

/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

const MAX_SCANNED = 65_536; // characters of a text that are searched: the bound of a stack text

/** A query's `?name=value`, or a fragment's, in which OAuth gives tokens. */
const IN_QUERY = /([?&;#])([\w.~[\]$-]{1,64})(=)([^\s&;#"'`<>()\\]+)/g;
/** The same in an address that is a value of another one's query. */
const IN_ENCODED_QUERY = /(%3f|%26)([\w.~[\]$-]{1,64})(%3d)((?:(?!%26)[^\s&;#"'`<>()\\])+)/gi;
/** `name=value` in a sentence or a connection string, the value quoted or not. */
const IN_TEXT = /(^|[\s,({|"'`])([\w.$-]{1,64})=("[^"]{1,256}"|'[^']{1,256}'|["']?[^\s&;,"'`<>()]+)/g;
/** `"name":"value"` of JSON; what was cut off in the value ends with the text. */
const IN_JSON = /"([\w.$-]{1,64})"(\s{0,4}:\s{0,4})(?:"((?:[^"\\]|\\[\s\S])*)(?:"|\\?$)|(-?\d[\d.eE+-]*|\[[^[\]{}]{1,4096}\]))/g;
/** The same in JSON that is a text of other JSON. */
const IN_INNER_JSON = /\\"([\w.$-]{1,64})\\"(\s{0,4}:\s{0,4})\\"((?:[^"\\]|\\[^"])*)(?:\\"|\\?$)/g;
/** `name: 'value'` as Node prints objects, which takes another quote where the value has one. */
const INSPECTED = /([{,]\s{0,64})('?)([\w.$-]{1,64})\2: ('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\[[^[\]{}]{1,4096}\]|-?\d[\d.eE+-]*)/g;
/** A token after its scheme has a digit, padding or is long; "a basic example" is neither. */
const WITH_SCHEME = /\b(bearer|basic)\s+(?=[^\s\d]*\d|\S{20}|[a-z+/]{2,}={1,2}(?![\w=]))[A-Za-z0-9._~+/=-]{6,}/gi;
/** Headers as they are written in a dump: whatever follows the scheme, and all of a cookie. */
const AUTHORIZATION = /\b(authorization['"]?\s{0,4}[:=]\s{0,4}['"]?(?:basic|bearer|digest|token|apikey|negotiate)\s{1,4})(?!\[)[^\s"'`]{1,4096}/gi;
const COOKIE = /\b(cookie:\s{0,4})(?:[\w.$-]{1,64}=[^\s;,"'`]{1,4096}(?:;\s{0,4})?){1,64}/gi;
/** Of a query and nothing else: a word such as `code` in a sentence is no secret. */
const QUERY_KEYS = new Set(['key', 'sig', 'code']);
const MASKED = new Set([REDACTED, 'REDACTED']);

/** 1 for each ASCII character of which one is in every text that {@link scrub} changes. */
export const SUSPECTS: Uint8Array = new Uint8Array(128);
for (const char of '@="% \t\n\v\f\r') SUSPECTS[char.charCodeAt(0)] = 1;

/** Whether {@link scrub} could find anything: for the hot path, where most texts are names and IDs. */
export function mayHoldSecret(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127 || SUSPECTS[code] === 1) return true;
  }
  return false;
}

/**
 * Cuts the secrets out of a text that can be told by their form: passwords in addresses, tokens in `Bearer …` and
 * `Basic …`, the values of `?token=…`, `password=…` and of such keys in JSON or in an object as Node prints it. Takes time
 * in proportion to the text.
 *
 * @example
 * scrub('postgres://app:hunter2@db/orders') === 'postgres://[redacted]@db/orders';
 * scrub('GET /orders?page=2&token=abc failed') === 'GET /orders?page=2&token=[redacted] failed';
 */
export function scrub(text: string): string {
  if (text.length > MAX_SCANNED) return scrub(text.slice(0, MAX_SCANNED)) + text.slice(MAX_SCANNED);
  let out = text;
  if (out.includes('@') && out.includes('://')) out = out.replace(/:\/\/[^/\s:@]{0,256}:[^/\s]{1,512}@/g, `://${REDACTED}@`);
  if (/bearer|basic|authorization|cookie/i.test(out))
    out = out.replace(WITH_SCHEME, `$1 ${REDACTED}`).replace(AUTHORIZATION, `$1${REDACTED}`).replace(COOKIE, `$1${REDACTED}`);
  if (out.includes('=')) out = out.replace(IN_TEXT, maskInText).replace(IN_QUERY, maskInQuery);
  if (out.includes('\\"')) out = out.replace(IN_INNER_JSON, maskInInnerJson);
  if (out.includes('"')) out = out.replace(IN_JSON, maskInJson);
  if (out.includes(": '") || (out.includes('{') && out.includes(': '))) out = out.replace(INSPECTED, maskInspected);
  if (out.includes('%3')) out = out.replace(IN_ENCODED_QUERY, maskInQuery);
  return out;
}

function maskInQuery(whole: string, before: string, key: string, equals: string, value: string): string {
  return !MASKED.has(value) && isQuerySecret(key, value) ? before + key + equals + REDACTED : whole;
}

function isQuerySecret(key: string, value: string): boolean {
  const plain = plainKey(key);
  if (QUERY_KEYS.has(plain) || plain === 'token' || plain.endsWith('signature')) return true;
  const verdict = judgeKey(key);
  return verdict === 'secret' || (verdict === 'text' && !isCount(value));
}

function maskInJson(whole: string, key: string, colon: string, text: string | undefined, count: string | undefined): string {
  return isSecretField(key, text ?? count ?? '') ? `"${key}"${colon}"${REDACTED}"` : whole;
}

function maskInInnerJson(whole: string, key: string, colon: string, text: string): string {
  return isSecretField(key, text) ? `\\"${key}\\"${colon}\\"${REDACTED}\\"` : whole;
}

function maskInspected(whole: string, before: string, quote: string, key: string, value: string): string {
  return isSecretField(key, /^['"`]/.test(value) ? value.slice(1, -1) : value) ? `${before}${quote}${key}${quote}: '${REDACTED}'` : whole;
}

/** As the same field of a logged object is judged. */
function isSecretField(key: string, value: string): boolean {
  const verdict = judgeKey(key);
  return !MASKED.has(value) && (verdict === 'secret' || (verdict === 'text' && !isCount(value)));
}

/** In a sentence only what is a secret beyond doubt: `pass=3` and `auth=basic` are not. */
function maskInText(whole: string, before: string, key: string, value: string): string {
  const plain = plainKey(key);
  const secret = saysSecret(plain) || (!isCount(value) && (judgeKey(key) === 'text' || plain === 'pwd' || plain === 'pass'));
  return secret && !MASKED.has(value) ? `${before}${key}=${REDACTED}` : whole;
}

/** `max_tokens=4096` and `token=true` are no secrets. */
function isCount(value: string): boolean {
  return /^(?:\d{1,15}|true|false|null|undefined|none)$/i.test(value);
}
