import { growingTrend, type Trend, type TrendRule } from './trend.ts';

const MINUTE_MS = 60_000;
const MINUTES = 120; // floors that are kept: two hours
const HOURS = 72; // three days: a daily rhythm is seen to come back twice

/** 45 minutes of growth: longer than start-up and the filling of pools. */
export const BY_MINUTE = { minPoints: 45, minRise: 10, minRatio: 0.25 } as const satisfies TrendRule;
/** 30 hours of growth: longer than the way up of any daily rhythm. */
export const BY_HOUR = { minPoints: 30, minRise: 10, minRatio: 0.25 } as const satisfies TrendRule;

/** A suspicion about one series. */
export interface Suspicion {
  readonly value: number;
  readonly perMinute: number;
  readonly sinceMono: number;
}

/** The floors of one series, a minute and an hour each; 192 numbers at the most. */
export class GrowthSeries {
  readonly #minutes: number[] = [];
  readonly #hours: number[] = [];
  readonly #byMinute: TrendRule;
  readonly #byHour: TrendRule;
  #floor = Number.POSITIVE_INFINITY;
  #minute = Number.NaN;
  #hourFloor = Number.POSITIVE_INFINITY;
  #minutesOfHour = 0;
  value = 0;

  constructor(byMinute: TrendRule = BY_MINUTE, byHour: TrendRule = BY_HOUR) {
    this.#byMinute = byMinute;
    this.#byHour = byHour;
  }

  /** Takes a sample; answers a suspicion where a minute has ended and the series only grows. */
  push(mono: number, value: number): Suspicion | undefined {
    const minute = Math.floor(mono / MINUTE_MS);
    let suspicion: Suspicion | undefined;
    if (minute !== this.#minute) {
      if (!Number.isNaN(this.#minute)) suspicion = this.#endMinute(mono);
      this.#minute = minute;
      this.#floor = Number.POSITIVE_INFINITY;
    }
    this.value = value;
    this.#floor = Math.min(this.#floor, value);
    return suspicion;
  }

  /** Whether there has been nothing for as long as the series remembers by the minute. */
  get idle(): boolean {
    return this.value === 0 && this.#minutes.length === MINUTES && this.#minutes.every((floor) => floor === 0);
  }

  #endMinute(mono: number): Suspicion | undefined {
    keep(this.#minutes, this.#floor, MINUTES);
    this.#hourFloor = Math.min(this.#hourFloor, this.#floor);
    const hourEnded = ++this.#minutesOfHour === 60;
    if (hourEnded) {
      keep(this.#hours, this.#hourFloor, HOURS);
      this.#minutesOfHour = 0;
      this.#hourFloor = Number.POSITIVE_INFINITY;
    }
    const byMinute = growingTrend(this.#minutes, this.#byMinute);
    if (byMinute) return this.#suspicion(byMinute, this.#minutes.length, MINUTE_MS, mono);
    const byHour = hourEnded ? growingTrend(this.#hours, this.#byHour) : undefined;
    return byHour && this.#suspicion(byHour, this.#hours.length, 60 * MINUTE_MS, mono);
  }

  #suspicion(trend: Trend, points: number, pointMs: number, mono: number): Suspicion {
    return { value: this.value, perMinute: (trend.perPoint * MINUTE_MS) / pointMs, sinceMono: mono - (points - trend.since) * pointMs };
  }
}

function keep(list: number[], value: number, most: number): void {
  list.push(value);
  if (list.length > most) list.shift();
}
