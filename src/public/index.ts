/** The public surface: re-exports only. */
export type { Attributes, AttributeValue } from '../core/attributes.ts';
export { bind, bound } from '../core/bind.ts';
export type { Duration } from '../core/duration.ts';
export { deadline, signal, withSignal } from '../core/limit.ts';
