import type { ErrorRecord, JsonValue, SpanData } from '../core/records.ts';
import { configureErrors } from '../errors/configure.ts';
import type { Journal } from '../errors/journal.ts';
import { configureLogs } from '../logs/configure.ts';
import { startMetrics } from '../metrics/start-metrics.ts';
import { SondeContextManager } from '../trace/engine/context.ts';
import { createNativeEngine } from '../trace/engine/native.ts';
import { installEngine } from '../trace/engine/port.ts';
import { NativeTracerProvider } from '../trace/engine/provider.ts';
import { registerApi } from '../trace/engine/registration.ts';
import { createPropagator } from '../trace/propagation.ts';
import { MemoryMetrics, type MetricValue } from './memory-metrics.ts';
import { MemorySpans } from './memory-spans.ts';

/** A log line as it was written: the keys of the JSON format. */
export interface RecordedLog {
  readonly timestamp: string;
  readonly level: string;
  readonly message: string;
  readonly logger: string;
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly [key: string]: JsonValue | undefined;
}

/** What {@link recordTelemetry} can be told. */
export interface RecordOptions {
  /** The level of the root logger; default `trace`: everything is recorded. */
  readonly level?: string;
  /** Whether OpenTelemetry's API is served too, for instrumentations; default `true`. */
  readonly openTelemetry?: boolean;
}

/** What was recorded so far. The lists grow while the program runs. */
export interface RecordedTelemetry extends AsyncDisposable {
  /** Finished spans, in the order in which they ended. */
  readonly spans: readonly SpanData[];
  readonly logs: readonly RecordedLog[];
  /** Error records; the last one of an ID tells most. */
  readonly errors: readonly ErrorRecord[];
  /** Every series; counters and histograms count from the start of the recording. */
  metrics(): MetricValue[];
  /** One metric, summed over the series that have `labels`: a counter's or gauge's value, a histogram's number of observations. */
  metric(name: string, labels?: Readonly<Record<string, unknown>>): number | undefined;
  /** The spans of that name. */
  spansNamed(name: string): SpanData[];
  /** Forgets what was recorded so far. */
  clear(): void;
  /** Ends the recording; what was recorded stays readable. */
  stop(): Promise<void>;
}

/**
 * Records spans, logs, errors and metrics in memory instead of sending them anywhere: for tests of your own code.
 *
 * Shape: `await using telemetry = await recordTelemetry()`; nothing is printed, written to disk or sent. One at a time a process; not
 * beside `start()`.
 * Errors: rejects where a recording is under way already.
 *
 * @example
 * const telemetry = await recordTelemetry();
 * await traced('docs.greet', async () => logger('docs').info('hello'))();
 * await telemetry.stop();
 * telemetry.spans[0].name === 'docs.greet' && telemetry.logs[0].trace_id === telemetry.spans[0].traceId;
 */
export async function recordTelemetry(options: RecordOptions = {}): Promise<RecordedTelemetry> {
  if (recording) throw new Error('Cannot record telemetry: a recording is under way, expected the former one to be stopped');
  recording = true;
  try {
    return await begin(options);
  } catch (error) {
    recording = false;
    throw error;
  }
}

let recording = false;

async function begin(options: RecordOptions): Promise<RecordedTelemetry> {
  const spans = new MemorySpans();
  const logs: RecordedLog[] = [];
  const errors: ErrorRecord[] = [];
  const undo: (() => unknown)[] = [];
  const log = configureLogs({
    level: options.level ?? 'trace',
    format: 'json',
    destination: false,
    onLine: (line) => logs.push(JSON.parse(line) as RecordedLog),
  });
  undo.push(() => log.close());
  undo.push(configureErrors({ journal: memoryJournal(), onRecord: (line) => errors.push(JSON.parse(line) as ErrorRecord) }));
  const engine = createNativeEngine({ output: spans });
  undo.push(installEngine(engine));
  if (options.openTelemetry !== false) {
    undo.push(await registerApi({ provider: new NativeTracerProvider(engine), contextManager: new SondeContextManager(), propagator: createPropagator() }));
  }
  const running = startMetrics({ runtime: false });
  undo.push(() => running.stop());
  const metrics = new MemoryMetrics();
  let stopped: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
    recording = false;
  };
  const stop = (): Promise<void> => {
    stopped ??= end();
    return stopped;
  };
  return {
    spans: spans.spans,
    logs,
    errors,
    metrics: () => metrics.all(),
    metric: (name, labels) => metrics.value(name, labels),
    spansNamed: (name) => spans.spans.filter((span) => span.name === name),
    clear() {
      for (const list of [spans.spans, logs, errors]) list.length = 0;
      metrics.clear();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A journal that is always safe: the records are in the lists. */
function memoryJournal(): Journal {
  let appended = 0;
  return {
    append() {
      appended++;
      return true;
    },
    get appended() {
      return appended;
    },
    acknowledge() {},
    settle() {},
    path: 'memory',
    lastProblem: undefined,
    bytes: 0,
    close() {},
  };
}
