/** A number of a meter, with the labels that it has. */
export interface MeterReading {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric that is read when somebody asks: the calls themselves only count. */
export interface Meter {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  read(): Iterable<MeterReading>;
}

/** A histogram in seconds. */
export interface TimerShape {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Makes what takes the seconds of one series. */
export type BindTimer = (shape: TimerShape, labels: Readonly<Record<string, string>>) => (seconds: number) => void;

const meters: Meter[] = [];
const MAX_SERIES = 10_000; // a name made of data would otherwise fill the memory; those beyond are bound when they are needed
const allSeries: TimerSeries[] = [];
let onMeter: ((meter: Meter) => void) | undefined;
let bindTimer: BindTimer | undefined;
let epoch = 0;

/** Shows a meter to whoever serves metrics. */
export function addMeter(meter: Meter): void {
  meters.push(meter);
  onMeter?.(meter);
}

/** Hands over every meter there is and each to come, until the returned function is called. */
export function watchMeters(fn: (meter: Meter) => void): () => void {
  onMeter = fn;
  for (const meter of meters) fn(meter);
  return () => {
    if (onMeter === fn) onMeter = undefined;
  };
}

/** Says who keeps histograms, until the returned function is called. */
export function useTimers(bind: BindTimer): () => void {
  bindTimer = bind;
  epoch++;
  for (const series of allSeries) series.bind();
  return () => {
    if (bindTimer !== bind) return;
    bindTimer = undefined;
    epoch++;
  };
}

/** One series of a histogram: there from its making, so that a rate sees its first value; free where nobody keeps it. */
export class TimerSeries {
  readonly #shape: TimerShape;
  readonly #labels: Readonly<Record<string, string>>;
  #epoch = 0;
  #observe: ((seconds: number) => void) | undefined;

  constructor(shape: TimerShape, labels: Readonly<Record<string, string>>) {
    this.#shape = shape;
    this.#labels = labels;
    if (allSeries.length < MAX_SERIES) allSeries.push(this);
    this.bind();
  }

  observe(seconds: number): void {
    if (this.#epoch !== epoch) this.bind();
    this.#observe?.(seconds);
  }

  bind(): void {
    this.#epoch = epoch;
    this.#observe = bindTimer?.(this.#shape, this.#labels);
  }
}
