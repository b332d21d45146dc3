import type { ServerResponse } from 'node:http';
import { type CopyBounds, safeCopy } from '../core/json.ts';

/** What a route answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: string | Uint8Array;
  readonly type: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** JSON in one line, safe to show inside HTML as well. */
export function json(status: number, value: unknown, headers?: Readonly<Record<string, string>>): Answer {
  return { status, body: `${jsonText(value)}\n`, type: JSON_TYPE, headers };
}

/** The lists of an answer are bounded where they are kept: what a route gives is shown whole. 500 error records are 20,000 values. */
const WHOLE: CopyBounds = { keys: 100_000, values: 1_000_000 };

/** JSON of anything: cycles, getters that throw and depth do not matter. */
export function jsonText(value: unknown): string {
  return (JSON.stringify(safeCopy(value, undefined, WHOLE)) ?? 'null').replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const MAX_ERROR = 200; // the contract's bound on a message that repeats what a client sent

/** `{"error": ...}` */
export function failure(status: number, message: string, headers?: Readonly<Record<string, string>>): Answer {
  return json(status, { error: message.length > MAX_ERROR ? `${message.slice(0, MAX_ERROR - 1)}…` : message }, headers);
}

export function htmlAnswer(status: number, body: string): Answer {
  return {
    status,
    body,
    type: 'text/html; charset=utf-8',
    headers: {
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
    },
  };
}

const NO_CONTENT = 204;

/** On every answer. */
export const FIXED_HEADERS: Readonly<Record<string, string>> = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** Writes the answer; `HEAD` gets its headers only. */
export function send(response: ServerResponse, answer: Answer, head: boolean): void {
  if (response.headersSent || response.destroyed) return;
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  response.statusCode = answer.status;
  if (answer.status !== NO_CONTENT) {
    response.setHeader('content-type', answer.type);
    // Without a body the length of what GET would send is not known here: no profile is taken for its headers.
    if (!head || body.byteLength > 0) response.setHeader('content-length', body.byteLength);
  }
  for (const [name, value] of Object.entries({ ...FIXED_HEADERS, ...answer.headers })) response.setHeader(name, value);
  if (head) response.end();
  else response.end(body);
}
