import { checkOptionNames } from '../core/known-options.ts';
import { registerCode } from './codes.ts';
import { DEFINITION, definitionOf, type ErrorDefinition, type ErrorKind } from './definition.ts';

/** What {@link defineError} can be told of a code. */
export interface DefineErrorOptions {
  /** HTTP status of the answer, 400 to 599; default 500. */
  readonly status?: number;
  /** The sentence that the user may read; default: a general one that quotes the error ID. */
  readonly public?: string;
  /** The problem's title; default: made from the code. */
  readonly title?: string;
  /** What an operator should do; goes into the record, never to the user. */
  readonly hint?: string;
  /** The team that is asked. */
  readonly owner?: string;
  /** `'known'` (default): an edge case, logged as a warning. `'bug'`: reported like any unknown error, but with a code. */
  readonly kind?: ErrorKind;
}

/** An error of a class that {@link defineError} made. */
export interface DefinedError<Data = undefined> extends Error {
  readonly code: string;
  readonly status: number;
  readonly data: Data;
  readonly [DEFINITION]: ErrorDefinition;
}

/** What the constructor takes after the message. `data` may be left out only where the class has none. */
export type DefinedErrorArgs<Data> = [Data] extends [undefined]
  ? [options?: { readonly cause?: unknown }]
  : [options: { readonly data: Data; readonly cause?: unknown }];

/** A class made by {@link defineError}. */
export interface DefinedErrorClass<Data = undefined> {
  new (message: string, ...args: DefinedErrorArgs<Data>): DefinedError<Data>;
  readonly prototype: DefinedError<Data>;
  readonly code: string;
  readonly definition: ErrorDefinition;
}

const CODE = /^[A-Za-z0-9][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9][A-Za-z0-9_.-]*)*$/;
const MAX_CODE = 100; // it is a metric label

/**
 * Makes the class of a known edge case.
 *
 * Shape: `defineError<Data>(code, options)` returns a class; `new Class(message, { data, cause })`. `message` is for
 * operators, `public` for users. `instanceof` goes by the code, so that two copies of a package agree; a class that
 * extends the result is a class of its own.
 * Errors: throws `TypeError` for a code that is none and for an option that is unknown or no text, `RangeError` for a status
 * outside 400 to 599.
 *
 * @example
 * const CardDeclined = defineError<{ orderId: string }>('docs/card-declined', { status: 402, public: 'Your card was declined.' });
 * new CardDeclined('Cannot charge order "o-1"', { data: { orderId: 'o-1' } }).data.orderId === 'o-1';
 */
export function defineError<Data = undefined>(code: string, options: DefineErrorOptions = {}): DefinedErrorClass<Data> {
  const definition = readDefinition(code, options);
  registerCode(definition);
  const Class = class extends Error {
    static readonly code: string = code;
    static readonly definition: ErrorDefinition = definition;
    readonly data: Data;

    constructor(message: string, init?: { readonly data?: Data; readonly cause?: unknown }) {
      super(message, init !== undefined && 'cause' in init ? { cause: init.cause } : undefined);
      this.data = init?.data as Data;
    }

    static override [Symbol.hasInstance](value: unknown): boolean {
      if ((this as unknown) !== Class) return Function.prototype[Symbol.hasInstance].call(this, value); // a class that extends this one
      return definitionOf(value)?.code === code;
    }
  };
  Object.defineProperty(Class, 'name', { value: definition.name, configurable: true });
  const shared = { name: definition.name, code, status: definition.status, [DEFINITION]: definition };
  for (const key of Reflect.ownKeys(shared) as (keyof typeof shared)[]) {
    Object.defineProperty(Class.prototype, key, { value: shared[key], writable: true, configurable: true, enumerable: false });
  }
  return Class as unknown as DefinedErrorClass<Data>;
}

function readDefinition(code: string, options: DefineErrorOptions): ErrorDefinition {
  if (typeof code !== 'string' || code.length > MAX_CODE || !CODE.test(code)) {
    throw new TypeError(
      `Cannot define the error "${String(code).slice(0, MAX_CODE)}": expected a code such as "orders/card-declined" of at most ${MAX_CODE} characters`,
    );
  }
  checkOptions(code, options);
  const { status = 500, kind = 'known' } = options;
  if (!Number.isInteger(status) || status < 400 || status > 599) {
    throw new RangeError(`Cannot define the error "${code}": its status is ${String(status)}, expected a whole number from 400 to 599`);
  }
  if (kind !== 'known' && kind !== 'bug') throw new TypeError(`Cannot define the error "${code}": its kind is "${String(kind)}", expected "known" or "bug"`);
  const words = (code.slice(code.lastIndexOf('/') + 1).match(/[A-Z]?[a-z0-9]+|[A-Z0-9]+/g) ?? [code]).map((word) => word.toLowerCase());
  const name = words.map(capital).join('');
  return Object.freeze({
    code,
    name: /^\d/.test(name) ? `Error${name}` : name,
    kind,
    status,
    public: options.public,
    title: options.title ?? capital(words.join(' ')),
    hint: options.hint,
    owner: options.owner,
  });
}

const TEXTS = ['public', 'title', 'hint', 'owner'] as const;
const OPTIONS: readonly string[] = ['status', ...TEXTS, 'kind'] satisfies (keyof DefineErrorOptions)[];

/** An option that is misspelt would be left out without a word, and the user would read the wrong sentence. */
function checkOptions(code: string, options: DefineErrorOptions): void {
  checkOptionNames(`Cannot define the error "${code}"`, options, OPTIONS);
  for (const key of TEXTS) {
    const value: unknown = options[key];
    if (value !== undefined && typeof value !== 'string')
      throw new TypeError(`Cannot define the error "${code}": its ${key} is a ${typeof value}, expected a text`);
  }
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
