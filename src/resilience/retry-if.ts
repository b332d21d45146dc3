import { definitionOf } from '../errors/definition.ts';
import { fieldOf } from '../errors/identity.ts';

/** Of the answers that blame the caller, those that another attempt may change: request timeout, too early, too many requests. */
const WORTH_IT: readonly number[] = [408, 425, 429];

/**
 * Whether a failure may be another time's success: every one but those that say that the call itself is wrong, by the status
 * of a known error or of the answer that an HTTP client put on its error.
 */
export function isWorthRetrying(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status < 400 || status > 499 || WORTH_IT.includes(status);
}

function statusOf(error: unknown): number | undefined {
  const definition = definitionOf(error);
  if (definition !== undefined) return definition.kind === 'known' ? definition.status : undefined;
  const response = fieldOf(error, 'response');
  for (const status of [fieldOf(error, 'status'), fieldOf(error, 'statusCode'), fieldOf(response, 'status'), fieldOf(response, 'statusCode')]) {
    if (typeof status === 'number') return status;
  }
  return undefined;
}
