/** What the receiver made of a request. */
export type Verdict =
  /** Taken; of these records it refused `rejected`. A `message` without is advice. */
  | { readonly kind: 'taken'; readonly rejected: number; readonly message: string }
  /** Try again later, not before `afterMs` where the receiver said so. */
  | { readonly kind: 'later'; readonly afterMs: number | undefined; readonly reason: string }
  /** Refused for good; where `divisible`, a part of the request may be what is wrong. */
  | { readonly kind: 'refused'; readonly divisible: boolean; readonly reason: string };

/** The statuses after which OTLP/HTTP lets a sender try again; all others are for good. */
const LATER = new Set([429, 502, 503, 504]);
/** Too many or unreadable: a half may pass. */
const DIVISIBLE = new Set([400, 413, 422]);
/** A receiver that asks for a longer pause is asked again after this. */
const MAX_PAUSE_MS = 300_000;

/** Reads an answer as the OTLP/HTTP specification says. */
export function judge(status: number, retryAfter: string | undefined, contentType: string, body: Buffer, nowMs: number): Verdict {
  if (status >= 200 && status < 300) {
    if (/^\s*text\/html/i.test(contentType))
      return { kind: 'taken', rejected: 0, message: `HTTP ${status} with a web page, which no OTLP receiver answers; check the endpoint` };
    return { kind: 'taken', ...partialSuccess(contentType, body) };
  }
  const reason = `HTTP ${status}${said(contentType, body)}`;
  if (LATER.has(status)) return { kind: 'later', afterMs: pauseMs(retryAfter, nowMs), reason };
  return { kind: 'refused', divisible: DIVISIBLE.has(status), reason };
}

/** `Retry-After` in milliseconds: seconds, or a date. */
export function pauseMs(retryAfter: string | undefined, nowMs: number): number | undefined {
  if (retryAfter === undefined) return undefined;
  const text = retryAfter.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(MAX_PAUSE_MS, Math.max(0, ms));
}

/** The start of a textual answer, for the one line that is said. */
function said(contentType: string, body: Buffer): string {
  if (!/json|text\/plain/.test(contentType) || body.length === 0) return '';
  const text = oneLine(body.toString('utf8', 0, 200));
  return text === '' ? '' : ` (${text})`;
}

/** The start of what a receiver says, with nothing in it that acts on a terminal. */
function oneLine(text: string): string {
  return text
    .slice(0, 200)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
}

/** `partial_success`: how many records the receiver refused of those it was sent. An answer that cannot be read says none. */
export function partialSuccess(contentType: string, body: Buffer): { rejected: number; message: string } {
  try {
    const { rejected, message } = contentType.includes('json') ? partialJson(body) : partialProto(body);
    return { rejected, message: oneLine(message) };
  } catch {
    return { rejected: 0, message: '' };
  }
}

function partialJson(body: Buffer): { rejected: number; message: string } {
  const { partialSuccess: partial } = JSON.parse(body.toString('utf8')) as { partialSuccess?: Record<string, unknown> };
  if (partial === undefined || partial === null) return { rejected: 0, message: '' };
  const rejected = Number(partial['rejectedSpans'] ?? partial['rejectedLogRecords'] ?? partial['rejectedDataPoints'] ?? 0);
  return { rejected: count(rejected), message: String(partial['errorMessage'] ?? '') };
}

/** ExportXServiceResponse { partial_success = 1 { rejected_x = 1 (int64), error_message = 2 } } */
function partialProto(body: Buffer): { rejected: number; message: string } {
  let rejected = 0;
  let message = '';
  for (const [field, value] of fields(body)) {
    if (field !== 1 || typeof value === 'number') continue;
    for (const [inner, content] of fields(value)) {
      if (inner === 1 && typeof content === 'number') rejected = count(content);
      if (inner === 2 && typeof content !== 'number') message = content.toString('utf8');
    }
  }
  return { rejected, message };
}

function count(value: number): number {
  return Number.isFinite(value) && value > 0 ? Math.floor(value) : 0;
}

/** The fields of a protobuf message: varints as numbers, length-delimited ones as bytes, fixed ones skipped. */
function* fields(bytes: Buffer): Generator<[field: number, value: number | Buffer]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a varint of more than ten bytes');
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === 0) yield [field, varint()];
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      if (at + length > bytes.length) throw new RangeError('a field longer than its message');
      yield [field, bytes.subarray(at, at + length)];
      at += length;
    } else throw new RangeError(`wire type ${wire}`);
  }
}
