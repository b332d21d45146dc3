import { errorType } from '../core/error-type.ts';
import { definitionOf, type ErrorDefinition, type ErrorKind } from './definition.ts';

/** How an error is treated. */
export interface Classification {
  readonly kind: ErrorKind;
  readonly status: number;
  readonly definition: ErrorDefinition | undefined;
  readonly code: string | undefined;
  /** Low-cardinality: the code, else the class name. */
  readonly type: string;
  readonly severity: 21 | 17 | 13 | 5;
}

/** Status of an answer to a client that is gone (nginx's); nobody reads it, access logs count it. */
const CLIENT_CLOSED_REQUEST = 499;
const MAX_CODE = 100; // it is a metric label

/** Sorts an error: a known edge case, a bug, or a client that went away. */
export function classify(
  error: unknown,
  options: {
    readonly kind?: ErrorKind | undefined;
    readonly status?: number | undefined;
    readonly mechanism?: string | undefined;
    readonly handled?: boolean | undefined;
  } = {},
): Classification {
  const definition = definitionOf(error);
  const cancelled = definition === undefined && isCancellation(error);
  const kind = (options.kind === 'known' || options.kind === 'bug' ? options.kind : undefined) ?? definition?.kind ?? (cancelled ? 'known' : 'bug');
  const code = definition?.code ?? codeOf(error);
  return {
    kind,
    status: statusOf(options.status) ?? definition?.status ?? (cancelled ? CLIENT_CLOSED_REQUEST : 500),
    definition,
    code,
    type: definition?.code ?? errorType(error),
    severity: isFatal(options.mechanism) && options.handled !== true ? 21 : cancelled && kind === 'known' ? 5 : kind === 'known' ? 13 : 17,
  };
}

/** A status that no answer about an error can have would make writing the answer throw: it is left out. */
function statusOf(status: number | undefined): number | undefined {
  return status !== undefined && Number.isInteger(status) && status >= 400 && status <= 599 ? status : undefined;
}

/** The name of a severity number of an error record. */
export function levelOf(severity: 21 | 17 | 13 | 5): 'fatal' | 'error' | 'warn' | 'debug' {
  return severity === 21 ? 'fatal' : severity === 17 ? 'error' : severity === 13 ? 'warn' : 'debug';
}

function isFatal(mechanism: string | undefined): boolean {
  return mechanism === 'uncaughtException' || mechanism === 'unhandledRejection';
}

/** Whether the error says that somebody cancelled: an abort, not a fault. */
export function isCancellation(error: unknown): boolean {
  try {
    return typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'AbortError';
  } catch {
    return false;
  }
}

/** A code such as `ECONNREFUSED`, where the error has one that can be a label. */
function codeOf(error: unknown): string | undefined {
  try {
    const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
    return typeof code === 'string' && code.length <= MAX_CODE && /^[A-Za-z][\w./:-]*$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** The sentence that a user may read. */
export function publicMessage(kind: ErrorKind, definition: ErrorDefinition | undefined, id: string): string {
  if (definition?.public !== undefined) return definition.public;
  return kind === 'bug'
    ? `Something unexpected happened. If you contact support, quote ${id}.`
    : `Your request could not be completed. If you contact support, quote ${id}.`;
}
