import type { Attributes } from '../core/attributes.ts';
import type { SloOptions } from '../core/slo.ts';
import type { AnyFunction } from '../core/wrapper.ts';

/** What a span stands for, in OpenTelemetry's words. */
export type SpanKindName = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** Options of `traced`; `F` is the function's type. */
export interface TracedOptions<F extends AnyFunction = AnyFunction> {
  /** The function's name on spans and metrics; its own (`Class.method` for methods) by default. */
  readonly name?: string;
  /** The module on metrics; the file's path without extension by default. */
  readonly module?: string;
  /** Attributes of the span, of every call alike or made of the call's arguments (only for spans that are kept). */
  readonly attributes?: Attributes | ((...args: Parameters<F>) => Attributes | undefined);
  /** `'internal'` by default. */
  readonly kind?: SpanKindName;
  /** The module whose edge this function is: foreign errors that leave it become the module's own, `cause` kept. */
  readonly boundary?: string;
  /** The last argument is a callback `(error, ...results)`; the span ends when it is called. Off by default. */
  readonly callback?: boolean;
  /** `'return'` ends the span when the function returns, though it gave a promise, an iterator or a stream. `'end'` by default. */
  readonly until?: 'return' | 'end';
  /** Class decorator: methods that are left alone. */
  readonly skip?: readonly string[];
  /** What the function promises; alert rules are written from it. `objective` is a share of the calls, such as 0.999. */
  readonly slo?: SloOptions;
}

const KINDS: Readonly<Record<SpanKindName, number>> = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 };
const KNOWN = new Set<string>(['name', 'module', 'attributes', 'kind', 'boundary', 'callback', 'until', 'skip', 'slo'] satisfies (keyof TracedOptions)[]);

/** OpenTelemetry's number of a span kind; `TypeError` for another word. */
export function kindNumber(kind: SpanKindName | undefined, subject: string): number {
  const number = KINDS[kind ?? 'internal'];
  if (number === undefined) throw new TypeError(`Cannot trace "${subject}": kind is "${String(kind)}", expected one of ${Object.keys(KINDS).join(', ')}`);
  return number;
}

/** Refuses options that would silently do nothing. */
export function checkOptions(options: TracedOptions, subject: string): void {
  const refuse = (what: string): never => {
    throw new TypeError(`Cannot trace "${subject}": ${what}`);
  };
  for (const key of Object.keys(options)) if (!KNOWN.has(key)) refuse(`option "${key}" is unknown, expected one of ${[...KNOWN].join(', ')}`);
  for (const key of ['name', 'module', 'boundary'] as const) {
    const text = options[key];
    if (text !== undefined && (typeof text !== 'string' || text === '')) refuse(`option "${key}" is ${text === '' ? 'empty' : typeof text}, expected a text`);
  }
  const { attributes, until } = options;
  if (attributes !== undefined && typeof attributes !== 'function' && (typeof attributes !== 'object' || attributes === null)) {
    refuse(`option "attributes" is ${typeof attributes}, expected an object or a function of the arguments`);
  }
  if (until !== undefined && until !== 'return' && until !== 'end') refuse(`option "until" is "${String(until)}", expected "return" or "end"`);
}
