import { nodeHttp } from '../core/node-http.ts';
import { definitionOf } from './definition.ts';
import { fieldOf } from './identity.ts';
import { type Reported, type ReportOptions, report } from './report.ts';

/** The body of an answer about an error, RFC 9457. */
export interface ProblemBody {
  /** `about:blank` for a bug, `urn:error:<code>` for a known edge case. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** The sentence for the user. */
  readonly detail: string;
  /** Where an operator finds the error. */
  readonly instance: string;
  readonly errorId: string;
}

/** What {@link problem} gives: the body, and beside it (not in its JSON) the headers: content type, error ID, when to come again. */
export type Problem = ProblemBody & { readonly headers: Readonly<Record<string, string>> };

/**
 * Reports an error, unless it was, and makes the answer for the user: an RFC 9457 body that holds nothing internal.
 *
 * Shape: the body's fields are enumerable, so that `JSON.stringify(problem(error))` is the body; `headers` is beside them. A
 * defined error of status 429 or 503 whose data has `retryAfterMs`, as refusals have, is answered with `Retry-After`.
 * Errors: never throws.
 * Source: RFC 9457, Problem Details for HTTP APIs.
 *
 * @example
 * const answer = problem(new Error('connect ECONNREFUSED 10.0.0.7:5432'));
 * answer.status === 500;
 * answer.headers['X-Error-Id'] === answer.errorId;
 * JSON.stringify(answer).includes('ECONNREFUSED') === false;
 */
export function problem(error: unknown, options?: ReportOptions): Problem {
  return problemOf(error, report(error, options));
}

/** The body and headers for an error that was reported. */
export function problemOf(error: unknown, reported: Reported): Problem {
  const definition = definitionOf(error);
  const isKnown = definition?.kind === 'known';
  const { id, status } = reported;
  const body: ProblemBody = {
    // The code of a bug names a module, which is nobody's business outside.
    type: isKnown ? `urn:error:${definition.code}` : 'about:blank',
    title: (isKnown ? definition.title : nodeHttp().STATUS_CODES[status]) ?? 'Error',
    status,
    detail: reported.message,
    instance: `/debug/errors/${id}`,
    errorId: id,
  };
  const headers: Record<string, string> = { 'Content-Type': 'application/problem+json; charset=utf-8', 'X-Error-Id': id, 'Cache-Control': 'no-store' };
  const retryAfter = definition && retryAfterOf(error, status);
  if (retryAfter !== undefined) headers['Retry-After'] = retryAfter;
  return Object.defineProperty(body, 'headers', { value: Object.freeze(headers), enumerable: false }) as Problem;
}

/** RFC 9110's `Retry-After` in whole seconds, rounded up: who comes then is not too early. */
function retryAfterOf(error: unknown, status: number): string | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const ms = fieldOf(fieldOf(error, 'data'), 'retryAfterMs');
  return typeof ms === 'number' && Number.isFinite(ms) && ms >= 0 ? String(Math.max(1, Math.ceil(ms / 1_000))) : undefined;
}
