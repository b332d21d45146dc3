import { errorType } from '../core/error-type.ts';
import { safeCopy, shortened } from '../core/json.ts';
import { type Redactor, redactor } from '../core/redact.ts';
import { scrub } from '../core/redact-text.ts';
import { errorIdOf } from '../errors/report.ts';
import { stackText } from '../errors/stack.ts';
import { jsonString } from './json-text.ts';

const MAX_KEYS = 200; // of one line; a dump of a connection has thousands
const MAX_STRING = 32_768; // characters of one value, as core/json
const MAX_FIELDS = 262_144; // characters of all fields: Loki's default limit of a line
const MAX_REMEMBERED = 2_000; // key texts kept; keys are few in a program

/** Keys that a line has itself: a field of that name is written as `fields.<name>`, so that no key is there twice. */
const RESERVED = new Set(['level', 'timestamp', 'message', 'logger', 'trace_id', 'span_id', 'trace_flags']);
const keyTexts = new Map<string, string>();
const NO_PATH: readonly string[] = [];

let revise: Redactor = redactor();

/** Puts further secret keys in force. */
export function setRedaction(next: Redactor): void {
  revise = next;
}

/** `,"key":value` for each own property of `fields`: redacted, bounded, never throwing. `skip` is a key that stands elsewhere. */
export function fieldsText(fields: object, skip?: string): string {
  let out = '';
  let count = 0;
  try {
    for (const key in fields) {
      if (!Object.hasOwn(fields, key) || key === skip) continue;
      if (++count > MAX_KEYS) {
        out += `,"…":"[${Object.keys(fields).length - MAX_KEYS} more keys]"`;
        break;
      }
      out += fieldText(key, read(fields, key));
    }
  } catch (error) {
    out += `,"unreadable":${jsonString(String((error as Error)?.message ?? 'fields'))}`;
  }
  return out.length > MAX_FIELDS ? `,"fields.dropped":"[${out.length} characters of fields, more than ${MAX_FIELDS}]"` : out;
}

/** `,"key":value`, or nothing for `undefined`. */
export function fieldText(key: string, given: unknown): string {
  if ((key === 'err' || key === 'error') && given instanceof Error) return errorText(given);
  const value = revise(key, typeof given === 'string' ? shortened(given) : given, revise.byPath ? [key] : NO_PATH);
  switch (typeof value) {
    case 'string':
      return keyText(key) + jsonString(value);
    case 'number':
      return keyText(key) + (Number.isFinite(value) ? value : `"${value}"`);
    case 'boolean':
      return keyText(key) + value;
    case 'undefined':
      return '';
    default:
      return keyText(key) + (value === null ? 'null' : nestedText(key, httpFacts(value)));
  }
}

function nestedText(key: string, value: unknown): string {
  // A path begins at the top of the line's fields: the copy is made with its key.
  const copy = revise.byPath ? (safeCopy({ [key]: value }, revise) as Record<string, unknown>)[key] : safeCopy(value, revise);
  return JSON.stringify(copy) ?? 'null';
}

/** An error as the OpenTelemetry exception attributes and `error.type`, with its error ID where it has one. */
export function errorText(error: Error): string {
  const id = errorIdOf(error);
  const type = safeText(() => error.constructor?.name || error.name);
  const head = `${id === undefined ? '' : `,"error.id":"${id}"`},"error.type":${jsonString(errorType(error))},"exception.type":${jsonString(type)}`;
  return `${head},"exception.message":${jsonString(messageOf(error))},"exception.stacktrace":${jsonString(reviseText(stackText(error)))}`;
}

/** The message of an error: bounded, secrets in addresses cut out, never throwing. */
export function messageOf(error: Error): string {
  return reviseText(safeText(() => error.message));
}

/** A free text without the secrets that can be told by their form. */
export function reviseText(text: string): string {
  return scrub(text.length > 2 * MAX_STRING ? `${text.slice(0, 2 * MAX_STRING)}… [${text.length - 2 * MAX_STRING} more characters]` : text);
}

/** A bounded, redacted copy for `%j` and `%o`, which `%s` writes as JSON too. */
export function argument(value: unknown): unknown {
  if (typeof value === 'string') return reviseText(value);
  if (typeof value === 'symbol' || typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  const copy = safeCopy(value, revise);
  if (typeof copy !== 'object' || copy === null) return copy;
  return Object.defineProperty(copy, 'toString', { value: () => JSON.stringify(copy), enumerable: false });
}

function read(fields: object, key: string): unknown {
  try {
    return (fields as Record<string, unknown>)[key];
  } catch (error) {
    return `[unreadable: ${safeText(() => (error as Error).message)}]`;
  }
}

function keyText(key: string): string {
  let text = keyTexts.get(key);
  if (text === undefined) {
    text = `,${jsonString(RESERVED.has(key) ? `fields.${key}` : key)}:`;
    if (keyTexts.size < MAX_REMEMBERED) keyTexts.set(key, text);
  }
  return text;
}

/** Requests and responses hold the whole connection: three facts of them are what people look for. */
function plainHttp(value: unknown): unknown {
  const message = value as {
    method?: unknown;
    url?: unknown;
    headers?: unknown;
    socket?: { remoteAddress?: unknown };
    statusCode?: unknown;
    setHeader?: unknown;
    raw?: unknown;
  };
  // fastify wraps both; its reply is told by what it wraps.
  const { raw } = message;
  if (typeof raw === 'object' && raw !== null && typeof (raw as { setHeader?: unknown }).setHeader === 'function') return plainHttp(raw);
  if (typeof message.method === 'string' && message.headers && message.socket)
    return { method: message.method, url: message.url, remoteAddress: message.socket.remoteAddress };
  if (typeof message.setHeader === 'function' && typeof message.statusCode === 'number') return { statusCode: message.statusCode };
  return value;
}

function httpFacts(value: unknown): unknown {
  try {
    return plainHttp(value);
  } catch {
    return value; // a getter that throws: no request of Node's
  }
}

/** What is logged in place of the fields: a request or response alone stands under `req` or `res`, as pino has it. */
export function loggedFields(fields: object): object {
  if (!('method' in fields) && !('setHeader' in fields)) return fields;
  const plain = httpFacts(fields) as object;
  if (plain === fields) return fields;
  return 'statusCode' in plain ? { res: plain } : { req: plain };
}

function safeText(read: () => unknown): string {
  try {
    return String(read());
  } catch {
    return 'unprintable';
  }
}
