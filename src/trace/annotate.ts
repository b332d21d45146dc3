import type { Attributes } from '../core/attributes.ts';
import { currentScope } from '../core/scope.ts';

/**
 * Puts attributes on the span of the running call; without one (or before `start()`) it does nothing.
 *
 * @example
 * traced('orders.place', () => annotate({ plan: 'pro' }))() === undefined;
 */
export function annotate(attributes: Attributes): void {
  currentScope().span?.setAttributes(attributes);
}
