import type { CallFrame } from './v8-profile.ts';

/** Where a function stands, in V8's terms. */
export function placeKey({ scriptId, lineNumber, columnNumber }: Pick<CallFrame, 'scriptId' | 'lineNumber' | 'columnNumber'>): string {
  return `${scriptId}:${lineNumber}:${columnNumber}`;
}
