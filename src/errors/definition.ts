/** Whether an error is an edge case that somebody thought of, or a bug. */
export type ErrorKind = 'known' | 'bug';

/** What is known of a code. */
export interface ErrorDefinition {
  readonly code: string;
  /** The name of its class: `orders/card-declined` is `CardDeclined`. */
  readonly name: string;
  readonly kind: ErrorKind;
  /** HTTP status of the answer. */
  readonly status: number;
  /** The sentence for the user. */
  readonly public: string | undefined;
  /** Short title of the problem; the same for every occurrence. */
  readonly title: string;
  /** What an operator should do. */
  readonly hint: string | undefined;
  /** The team that is asked. */
  readonly owner: string | undefined;
}

/** The brand on the prototype of every class that `defineError` made, in any copy of the package. */
export const DEFINITION: unique symbol = Symbol.for('sonde.error.definition') as never;

/** The definition that an error carries, from this copy of the package or another one. Never throws. */
export function definitionOf(error: unknown): ErrorDefinition | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  try {
    const definition = (error as { [DEFINITION]?: ErrorDefinition })[DEFINITION];
    return typeof definition === 'object' && typeof definition.code === 'string' ? definition : undefined;
  } catch {
    return undefined; // a proxy that throws is somebody's bug, not a known case
  }
}
