import { nearest } from '../../core/nearest.ts';
import { isRecord, type Reader } from './readers.ts';

/** A setting and where it may come from, the strongest source first. */
export interface Setting<T> {
  /** Path in the options of `start()`, such as `logs.level`. */
  readonly option?: string;
  /** Variables, ours before OpenTelemetry's; a pair gives a variable its own reader. */
  readonly env?: readonly (string | readonly [string, Reader<T>])[];
  readonly reader: Reader<T>;
  /** The value is a secret and is not repeated in a problem. */
  readonly secret?: boolean;
}

/** Options and environment, read with every problem collected. */
export class Sources {
  readonly problems: string[] = [];
  readonly #options: Record<string, unknown>;
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(options: unknown, env: Readonly<Record<string, string | undefined>>) {
    if (options !== undefined && !isRecord(options)) this.problems.push(`options is ${show(options)}, expected an object`);
    this.#options = isRecord(options) ? options : {};
    this.#env = env;
  }

  /** The first source that holds a value; all sources that hold one are checked. */
  pick<T>(setting: Setting<T>): T | undefined {
    const { reader, secret = false } = setting;
    let found: T | undefined;
    const take = (where: string, value: unknown, by: Reader<T>): void => {
      if (value === undefined || value === '') return; // OpenTelemetry: an empty variable is an unset one
      const read = by.read(value);
      if (read === undefined) this.problems.push(`${where} is ${secret ? 'unusable' : show(value)}, expected ${by.expected}`);
      else found ??= read;
    };
    if (setting.option !== undefined) take(setting.option, this.option(setting.option), reader);
    for (const entry of setting.env ?? []) {
      const [name, by] = typeof entry === 'string' ? [entry, reader] : entry;
      take(name, this.#env[name], by);
    }
    return found;
  }

  /** The value at a path of the options. */
  option(path: string): unknown {
    let value: unknown = this.#options;
    for (const key of path.split('.')) {
      if (!isRecord(value)) return undefined;
      value = value[key];
    }
    return value;
  }

  /** Reports the keys of an options object that nobody knows. `shape` maps a key to the keys below it. */
  checkKeys(shape: Readonly<Record<string, readonly string[] | null>>): void {
    for (const [key, value] of Object.entries(this.#options)) {
      if (value === undefined) continue;
      const below = Object.hasOwn(shape, key) ? shape[key] : undefined;
      if (below === undefined) this.#unknown(`option ${key}`, nearest(key, Object.keys(shape)));
      else if (below !== null && isRecord(value)) {
        for (const inner of Object.keys(value)) if (!below.includes(inner)) this.#unknown(`option ${key}.${inner}`, nearest(inner, below));
      } else if (below !== null && value !== false) this.problems.push(`option ${key} is ${show(value)}, expected an object`);
    }
  }

  /** Reports the variables with our prefix that nobody knows. */
  checkNames(prefix: string, names: readonly string[]): void {
    for (const name of Object.keys(this.#env).sort()) {
      if (name.startsWith(prefix) && !names.includes(name)) this.#unknown(name, nearest(name, names));
    }
  }

  #unknown(what: string, meant: string | undefined): void {
    this.problems.push(`${what} is not known${meant === undefined ? '' : `, did you mean ${meant}?`}`);
  }
}

const MAX_SHOWN = 80;
const MAX_READ = 4_096; // a bound on the time of the search for a password

function show(value: unknown): string {
  if (typeof value === 'string') {
    const text = withoutPassword(value.slice(0, MAX_READ));
    return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
  }
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}

/** An address that is not one may hold a password still. */
function withoutPassword(text: string): string {
  return text.replace(/[^\s/@:]*:[^\s/@]*@/g, '[redacted]@');
}
