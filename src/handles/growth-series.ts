import { growingTrend, type Trend, type TrendRule } from './trend.ts';

const MINUTE_MS = 60_000;
const MAX_CLOSED = 1 / 3; // of what came: things that are closed late, one after another, are a rhythm or a time to live, no leak

/** How often there is a point, how many are kept, and what their growth must show. */
export interface GrowthScale {
  readonly everyMinutes: number;
  readonly keep: number;
  readonly rule: TrendRule;
}

/**
 * An hour of growth by a thousand: no pool has a thousand that nobody used for half an hour, and a leak as fast as that cannot
 * wait. 6 hours by ten: longer than a warm-up, a batch, the life of a session. 30 hours by ten: longer than the way up of a daily rhythm.
 * Four days by a hundred: what a job leaves each night.
 */
export const HANDLE_SCALES: readonly GrowthScale[] = [
  { everyMinutes: 1, keep: 120, rule: { minPoints: 60, minRise: 1_000, minRatio: 0.25 } },
  { everyMinutes: 10, keep: 72, rule: { minPoints: 36, minRise: 10, minRatio: 0.25 } },
  { everyMinutes: 60, keep: 72, rule: { minPoints: 30, minRise: 10, minRatio: 0.25 } },
  { everyMinutes: 1_440, keep: 14, rule: { minPoints: 4, minRise: 100, minRatio: 0.25 } },
];
/** Whether an entry of a collection is still wanted cannot be told, and most of them follow the day. */
export const COLLECTION_SCALES: readonly GrowthScale[] = HANDLE_SCALES.slice(2);

/** A suspicion about one series. */
export interface Suspicion {
  readonly value: number;
  readonly perMinute: number;
  readonly sinceMono: number;
}

/** The floors (the smallest value of each minute, ten minutes, hour) of one series; 278 of them at the most. */
export class GrowthSeries {
  readonly #scales: readonly Floors[];
  #minute = Number.NaN;
  #floor = Number.POSITIVE_INFINITY;
  #came = 0;
  #closed = 0;
  value = 0;

  constructor(scales: readonly GrowthScale[] = HANDLE_SCALES) {
    this.#scales = scales.map((scale) => new Floors(scale));
  }

  /**
   * Takes a sample; answers a suspicion where a minute has ended and the series only grows. `came` is how many of `value` are new
   * since the last sample, where that is known: what is missing then was closed.
   */
  push(mono: number, value: number, came = 0): Suspicion | undefined {
    const minute = Math.floor(mono / MINUTE_MS);
    let suspicion: Suspicion | undefined;
    if (minute !== this.#minute) {
      if (!Number.isNaN(this.#minute)) suspicion = this.#endMinute(mono);
      this.#minute = minute;
      this.#floor = Number.POSITIVE_INFINITY;
    }
    this.#came += came;
    if (came > 0 || this.#came > 0) this.#closed += Math.max(0, this.value + came - value);
    this.value = value;
    this.#floor = Math.min(this.#floor, value);
    return suspicion;
  }

  /** Whether there has been nothing for as long as the series remembers at its finest. */
  get idle(): boolean {
    return this.value === 0 && this.#scales[0]?.isEmpty === true;
  }

  #endMinute(mono: number): Suspicion | undefined {
    let suspicion: Suspicion | undefined;
    for (const scale of this.#scales) {
      const trend = scale.add({ minute: this.#minute, floor: this.#floor, came: this.#came, closed: this.#closed });
      if (trend === undefined || suspicion !== undefined) continue;
      const minutes = trend.points * scale.everyMinutes;
      if (this.#hasBeen(this.#floor, this.#minute - minutes)) continue;
      suspicion = { value: this.value, perMinute: trend.perPoint / scale.everyMinutes, sinceMono: mono - minutes * MINUTE_MS };
    }
    return suspicion;
  }

  /** What it has been before is its rhythm: yesterday's peak, the last fill of a buffer. */
  #hasBeen(value: number, before: number): boolean {
    return this.#scales.some((scale) => scale.hasBeen(value, before));
  }
}

interface Point {
  readonly minute: number;
  readonly floor: number;
  /** Until its end. */
  readonly came: number;
  readonly closed: number;
}

/** The floors at one scale. */
class Floors {
  readonly everyMinutes: number;
  readonly #keep: number;
  readonly #rule: TrendRule;
  readonly #points: Point[] = [];
  #minutes = 0;
  #floor = Number.POSITIVE_INFINITY;

  constructor({ everyMinutes, keep, rule }: GrowthScale) {
    this.everyMinutes = everyMinutes;
    this.#keep = keep;
    this.#rule = rule;
  }

  get isEmpty(): boolean {
    return this.#points.length === this.#keep && this.#points.every(({ floor }) => floor === 0);
  }

  hasBeen(value: number, before: number): boolean {
    return this.#points.some(({ minute, floor }) => minute <= before && floor >= value);
  }

  /** Takes a minute; answers the trend where one of its own points has ended and what is there only grows. */
  add(minute: Point): (Trend & { readonly points: number }) | undefined {
    this.#floor = Math.min(this.#floor, minute.floor);
    if (++this.#minutes < this.everyMinutes) return undefined;
    const point = { ...minute, floor: this.#floor };
    this.#points.push(point);
    if (this.#points.length > this.#keep) this.#points.shift();
    this.#minutes = 0;
    this.#floor = Number.POSITIVE_INFINITY;
    if (point.floor < this.#rule.minRise) return undefined; // most series, most of the time
    return this.#growth(point);
  }

  #growth(last: Point): (Trend & { readonly points: number }) | undefined {
    const trend = growingTrend(
      this.#points.map(({ floor }) => floor),
      this.#rule,
    );
    if (trend === undefined) return undefined;
    const first = this.#points[trend.since] as Point;
    if (last.closed - first.closed > MAX_CLOSED * (last.came - first.came)) return undefined;
    return { ...trend, points: this.#points.length - trend.since };
  }
}
