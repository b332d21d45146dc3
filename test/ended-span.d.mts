import type { EndedSpan } from '../src/core/ended-span.ts';

export function endedSpan(fields?: Partial<EndedSpan>): EndedSpan;
export function spanNow(first: number, number: number, fields?: Partial<EndedSpan>): EndedSpan;
