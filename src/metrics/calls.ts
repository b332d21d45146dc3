import type { CallCell, CallResult, FunctionDef } from '../core/function-def.ts';
import { functionDefs, watchFunctionDefs } from '../core/function-def.ts';
import type { Scope } from '../core/scope.ts';
import type { CounterCell, HistogramCell } from './cells.ts';
import { type Family, MAX_SERIES } from './family.ts';
import { defineHistogram } from './histogram.ts';
import { defineFamily, defineReading, type Reading } from './registry.ts';

/** The RED metrics of traced functions, under autometrics' names. */
interface CallFamilies {
  readonly calls: Family<CounterCell>;
  readonly durations: Family<HistogramCell>;
}

/** Counters of the calls that one caller makes, by result; made when the first of a kind comes. */
type ByResult = Record<CallResult, CounterCell | undefined>;

const ENOUGH_CALLS = 100; // fewer calls have no 99th percentile

/** Counts the calls of one function. Series are bound on their first use; a call looks up nothing but its caller. */
class FunctionCalls implements CallCell {
  readonly #def: FunctionDef;
  readonly #families: CallFamilies;
  readonly #callers = new Map<FunctionDef | undefined, ByResult>();
  #lastCaller: FunctionDef | undefined;
  #last: ByResult | undefined;
  #durations: HistogramCell | undefined;

  constructor(def: FunctionDef, families: CallFamilies) {
    this.#def = def;
    this.#families = families;
  }

  /** Whether a call was counted yet. */
  get used(): boolean {
    return this.#durations !== undefined;
  }

  observe(durationMs: number, result: CallResult, caller: FunctionDef | undefined, scope: unknown): void {
    const counters = this.#last !== undefined && this.#lastCaller === caller ? this.#last : this.#turnTo(caller);
    const counter = counters[result] ?? this.#bind(counters, result, caller);
    counter.value++;
    const durations = this.#durations ?? this.#bindDurations();
    durations.observeIn(durationMs / 1_000, scope as Scope);
  }

  p99Ms(): number | undefined {
    const seconds = this.#durations?.boundOf(0.99, ENOUGH_CALLS);
    return seconds === undefined ? undefined : seconds * 1_000;
  }

  #turnTo(caller: FunctionDef | undefined): ByResult {
    let counters = this.#callers.get(caller);
    if (counters === undefined) {
      counters = { ok: undefined, error: undefined, cancelled: undefined };
      this.#callers.set(caller, counters);
    }
    this.#lastCaller = caller;
    this.#last = counters;
    return counters;
  }

  #bind(counters: ByResult, result: CallResult, caller: FunctionDef | undefined): CounterCell {
    const counter = this.#families.calls.cell({
      function: this.#def.name,
      module: this.#def.module,
      result,
      caller_function: caller?.name ?? '',
      caller_module: caller?.module ?? '',
    });
    counters[result] = counter;
    return counter;
  }

  #bindDurations(): HistogramCell {
    this.#durations = this.#families.durations.cell({ function: this.#def.name, module: this.#def.module });
    return this.#durations;
  }
}

/** Gives each traced function, present and to come, its cell. Returns what takes them away again. */
export function bindCalls(maxSeries: number = MAX_SERIES): () => void {
  const families = defineCallFamilies(maxSeries);
  const stopWatching = watchFunctionDefs((def) => {
    def.cell = new FunctionCalls(def, families);
  });
  const stopReading = defineReading(
    { type: 'gauge', name: 'function_calls_concurrent', help: 'Calls under way of traced functions', labels: ['function', 'module'] },
    concurrent,
  );
  return () => {
    stopWatching();
    stopReading();
    for (const def of functionDefs()) def.cell = undefined;
  };
}

function defineCallFamilies(maxSeries: number): CallFamilies {
  return {
    calls: defineFamily({
      type: 'counter',
      name: 'function_calls_total',
      help: 'Calls of traced functions by result and caller',
      labelNames: ['function', 'module', 'result', 'caller_function', 'caller_module'],
      maxSeries,
      bounds: undefined,
    }),
    durations: defineHistogram('function_calls_duration_seconds', {
      help: 'How long calls of traced functions take',
      labels: ['function', 'module'],
      maxSeries,
    }),
  };
}

/** Functions that ran at least once: a library may wrap thousands that nobody calls. */
function* concurrent(): Iterable<Reading> {
  const sums = new Map<string, { labels: { function: string; module: string }; value: number }>();
  for (const def of functionDefs()) {
    if (def.active === 0 && !(def.cell instanceof FunctionCalls && def.cell.used)) continue;
    const key = `${def.name}\u0000${def.module}`;
    const sum = sums.get(key);
    if (sum) sum.value += def.active;
    else sums.set(key, { labels: { function: def.name, module: def.module }, value: def.active });
  }
  yield* sums.values();
}
