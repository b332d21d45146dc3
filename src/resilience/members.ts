import { warn } from '../core/diag.ts';
import { addMeter, type Meter, type MeterReading } from '../core/meters.ts';

/** A metric of each member; the label `name` is added. */
export interface MemberMeter<M> extends Omit<Meter, 'read'> {
  read(member: M): Iterable<{ readonly labels?: Readonly<Record<string, string>>; readonly value: number }>;
}

const MAX_MEMBERS = 1_000; // a name made of data would otherwise fill the memory
const MAX_ALIKE = 20; // of one function without a name: what is made for each call must not take the place of all others

interface Entry<M> {
  readonly member: M;
  readonly options: object | undefined;
  /** By who made it; otherwise by its function. */
  readonly isNamed: boolean;
}

/**
 * All wrappers of one kind, by name, and what is metered of them. Two that are given one name are one: breakers of the same
 * name share their state, as they do in resilience4j.
 */
export class Members<M extends object> {
  readonly #kind: string;
  readonly #meters: readonly MemberMeter<M>[];
  readonly #entries = new Map<string, Entry<M>>();
  /** How many there are without a name, by the function's. */
  readonly #alike = new Map<string, number>();

  constructor(kind: string, meters: readonly MemberMeter<M>[]) {
    this.#kind = kind;
    this.#meters = meters;
  }

  *[Symbol.iterator](): Iterator<M> {
    for (const { member } of this.#entries.values()) yield member;
  }

  /**
   * The member of that name, made where there is none. `options` are those that were given: others under the same name are
   * refused, functions among them aside.
   */
  named(name: string, options: object | undefined, create: () => M): M {
    const known = this.#entries.get(name);
    if (known?.isNamed === false) {
      // Somebody's function only happens to have this name: its own state stays its own, under a number.
      this.#entries.delete(name);
      this.#entries.set(this.#free(name), known);
    } else if (known) {
      const difference = differenceOf(known.options, options);
      if (difference === undefined) return known.member;
      throw new TypeError(`Cannot make ${this.#kind} "${name}": it exists with another "${difference}", expected the same options or another name`);
    }
    return this.#add(name, { member: create(), options, isNamed: true });
  }

  /** A member of its own; where its function's name is taken it is told by a number. */
  unnamed(name: string, create: (name: string) => M): M {
    const alike = this.#alike.get(name) ?? 0;
    if (alike >= MAX_ALIKE) {
      this.#refuse(`${MAX_ALIKE} wrappers of the kind ${this.#kind} around "${name}"`);
      return create(name);
    }
    if (this.#entries.size < MAX_MEMBERS) this.#alike.set(name, alike + 1);
    const own = this.#entries.has(name) ? this.#free(name) : name;
    return this.#add(own, { member: create(own), options: undefined, isNamed: false });
  }

  #free(name: string): string {
    let i = 2;
    while (this.#entries.has(`${name}#${i}`)) i++;
    return `${name}#${i}`;
  }

  #add(name: string, entry: Entry<M>): M {
    if (this.#entries.size >= MAX_MEMBERS) {
      this.#refuse(`${MAX_MEMBERS} wrappers of the kind ${this.#kind}`);
      return entry.member;
    }
    this.#entries.set(name, entry);
    if (this.#entries.size === 1) for (const meter of this.#meters) addMeter({ ...meter, read: () => this.#read(meter) });
    return entry.member;
  }

  #refuse(many: string): void {
    warn(`resilience-${this.#kind}`, `there are more than ${many}; further ones work but have no metrics: make them once, not for each call`);
  }

  *#read(meter: MemberMeter<M>): Iterable<MeterReading> {
    for (const [name, { member }] of this.#entries) for (const { labels, value } of meter.read(member)) yield { labels: { name, ...labels }, value };
  }
}

/** The first option that differs; functions are taken for equal, since two that are written alike are two. */
function differenceOf(known: object = {}, given: object = {}): string | undefined {
  const a = known as Readonly<Record<string, unknown>>;
  const b = given as Readonly<Record<string, unknown>>;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const isFunction = typeof a[key] === 'function';
    if (isFunction !== (typeof b[key] === 'function')) return key;
    if (!isFunction && JSON.stringify(a[key]) !== JSON.stringify(b[key])) return key;
  }
  return undefined;
}
