import { labelPairs, labelText } from './label-set.ts';
import type { MetricType } from './names.ts';

/** What all series of one metric name share. */
export interface FamilyShape {
  readonly type: MetricType;
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Label sets beyond this number share one series. */
  readonly maxSeries: number;
  /** Upper bounds of a histogram's buckets. */
  readonly bounds: Float64Array | undefined;
}

/** Label sets of one metric before the rest is folded: at 2,000 a page stays under a few MB and a mistake under a few hundred kB. */
export const MAX_SERIES = 2_000;

type Level<C> = Map<string, C | Level<C>>;

/** One metric: its series by their labels. A tree of maps, one level a label, so that a look-up builds no key. */
export class Family<C> {
  readonly shape: FamilyShape;
  /** Every series, in the order of their making. */
  readonly cells: C[] = [];
  /** How often a label set over the cap was asked for. */
  overflowed = 0;
  readonly #make: (pairs: string, values: readonly string[]) => C;
  readonly #root: Level<C> = new Map();
  #overflow: C | undefined;

  constructor(shape: FamilyShape, make: (pairs: string, values: readonly string[]) => C) {
    this.shape = shape;
    this.#make = make;
    if (shape.labelNames.length === 0) this.cells.push(make('', []));
  }

  /** The series of `labels`, made when it is new; past the cap the one `overflow` series. */
  cell(labels: Readonly<Record<string, unknown>>): C {
    const names = this.shape.labelNames;
    if (names.length === 0) return this.cells[0] as C;
    let level = this.#root;
    for (let i = 0; ; i++) {
      const raw = labels?.[names[i] as string];
      const next = level.get(typeof raw === 'string' ? raw : labelText(raw));
      if (next === undefined) return this.#add(names.map((name) => labelText(labels?.[name])));
      if (!(next instanceof Map)) return next;
      level = next;
    }
  }

  /** Forgets the series of `labels`; answers whether there was one. */
  remove(labels: Readonly<Record<string, unknown>>): boolean {
    const values = this.shape.labelNames.map((name) => labelText(labels?.[name]));
    let level = this.#root;
    for (const value of values.slice(0, -1)) {
      const next = level.get(value);
      if (!(next instanceof Map)) return false;
      level = next;
    }
    const last = values.at(-1) ?? '';
    const cell = level.get(last);
    if (cell === undefined) return false;
    level.delete(last);
    this.cells.splice(this.cells.indexOf(cell as C), 1);
    return true;
  }

  /** Forgets every series but these: what is read anew at each scrape and is not there any more must not stay. */
  retain(kept: ReadonlySet<C>): void {
    if (this.shape.labelNames.length === 0 || kept.size === this.cells.length) return;
    this.cells.splice(0, this.cells.length, ...this.cells.filter((cell) => kept.has(cell)));
    if (this.#overflow !== undefined && !kept.has(this.#overflow)) this.#overflow = undefined;
    prune(this.#root, kept);
  }

  #add(values: readonly string[]): C {
    if (this.cells.length >= this.shape.maxSeries) return this.#overflowCell(values);
    let level = this.#root;
    for (let i = 0; i < values.length - 1; i++) {
      let next = level.get(values[i] as string);
      if (next === undefined) {
        next = new Map();
        level.set(values[i] as string, next);
      }
      level = next as Level<C>;
    }
    const last = values.at(-1) as string;
    const known = level.get(last); // a value that was cut meets the series of its first part
    if (known !== undefined) return known as C;
    const cell = this.#make(labelPairs(this.shape.labelNames, values), values);
    level.set(last, cell);
    this.cells.push(cell);
    return cell;
  }

  #overflowCell(values: readonly string[]): C {
    let known: C | Level<C> | undefined = this.#root;
    for (const value of values) known = known instanceof Map ? known.get(value) : undefined;
    if (known !== undefined) return known as C;
    this.overflowed++;
    if (this.#overflow === undefined) {
      const folded = this.shape.labelNames.map(() => 'overflow');
      this.#overflow = this.#make(labelPairs(this.shape.labelNames, folded), folded);
      this.cells.push(this.#overflow);
    }
    return this.#overflow;
  }
}

function prune<C>(level: Level<C>, kept: ReadonlySet<C>): void {
  for (const [value, next] of level) {
    if (next instanceof Map) {
      prune(next, kept);
      if (next.size === 0) level.delete(value);
    } else if (!kept.has(next)) level.delete(value);
  }
}
