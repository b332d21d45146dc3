import { join } from 'node:path';
import { TraceBook } from '../admin/trace-book.ts';
import { epochOffset } from '../core/clock.ts';
import type { SpanOutput } from '../core/ended-span.ts';
import { errorReported } from '../core/events.ts';
import type { LedgerReport } from '../core/records.ts';
import { redactor } from '../core/redact.ts';
import { setResource } from '../core/resource.ts';
import { configureErrors, takeRecord } from '../errors/configure.ts';
import { adoptCrashReports, enableCrashReports } from '../errors/crash-reports.ts';
import { openJournal } from '../errors/journal.ts';
import type { Exchange } from '../http/exchange.ts';
import { OpenRequests } from '../http/open-requests.ts';
import { watchHttp } from '../http/watch.ts';
import { configureLogs, type Logs, writeErrorRecord } from '../logs/configure.ts';
import { listLeases } from '../logs/levels.ts';
import { lineCounts } from '../logs/line.ts';
import { spanFailed } from '../logs/retro.ts';
import { defineReading } from '../metrics/registry.ts';
import { startMetrics } from '../metrics/start-metrics.ts';
import type { SinkOptions } from '../pipeline/messages.ts';
import { startPipeline } from '../pipeline/pipeline.ts';
import { isAdminServer } from './admin-server.ts';
import { logBreakers } from './breaker-log.ts';
import type { Config } from './config/config.ts';
import { monitorErrors } from './error-monitor.ts';
import { httpRecorder } from './http-metrics.ts';
import { httpSpans } from './http-spans.ts';
import { openNativeEngine, openSdkEngine } from './open-engine.ts';
import { pushMetrics } from './push-metrics.ts';
import { requestFacts } from './request-facts.ts';
import { watchProcess } from './watch-process.ts';
import { within } from './within.ts';

/** Telemetry under way. */
export interface Telemetry {
  flush(withinMs: number): Promise<boolean>;
  /** Stops making records; what was made stays with the pipeline. */
  quiet(): Promise<void>;
  /** Brings home what there is and ends. */
  end(withinMs: number): Promise<{ readonly flushed: number; readonly lost: number }>;
  ledger(): LedgerReport;
  /** Recent spans, for the pages. */
  readonly traces: TraceBook;
  readonly openRequests: OpenRequests<Exchange>;
}

/**
 * Joins the layers: who makes records, who takes them, who counts them, in the order of their dependencies. With our own
 * engine all is in place before the first `await`, so that a preloaded start misses nothing of the program.
 */
export async function wire(config: Config): Promise<Telemetry> {
  setResource(config.resource);
  const journal = openJournal(config.dir);
  const pipeline = startPipeline({
    dir: config.dir,
    resource: config.resource,
    sink: sinkOf(config),
    limits: config.batch,
    redact: config.logs.redact,
    webhook: config.report,
    journals: [journal.path],
    acknowledgeErrors: (total) => journal.acknowledge(total),
    drained: () => journal.settle(),
  });
  // Errors are the last to go quiet: one that comes while everything else ends is journaled still.
  const openRequests = new OpenRequests<Exchange>();
  const errors = [
    configureErrors({
      journal,
      redact: config.logs.redact,
      request: requestFacts(openRequests),
      onRecord: (line, journaled) => pipeline.error(line, journaled),
    }),
    monitorErrors(),
    enableCrashReports(config.dir),
  ];
  adoptCrashReports(config.dir, takeRecord);
  const undo: (() => unknown)[] = [];
  const traces = new TraceBook(epochOffset, redactor(config.logs.redact));
  const logs = configureLogs({
    ...config.logs,
    leaseFile: join(config.dir, 'levels.json'),
    onLine: (line, severity) => pipeline.log(line, severity),
    onSampled: () => pipeline.logSampledOut(),
  });
  const unsubscribe = errorReported.subscribe(writeErrorRecord);
  const engine = config.engine === 'otel-sdk' ? await openSdkEngine(config) : openNativeEngine(config, noting(pipeline.output, traces));
  undo.push(engine.stop);
  const metrics = startMetrics({
    ledger: () => pipeline.ledger(),
    overhead: () => pipeline.ledger().overhead,
    // Where spans are not sent at all, no exemplar may name a trace.
    ...(config.otlp?.off?.includes('traces') && { isTraceKept: () => false }),
  });
  undo.push(() => metrics.stop(), watchLeases(), watchOutput(logs), logBreakers());
  undo.push(...watchProcess(config));
  if (config.otlp?.metricsEveryMs !== undefined) undo.push(pushMetrics(pipeline, config.otlp.metricsEveryMs));
  if (config.http !== false) {
    const { limitMs, ignore } = config.http;
    const spans = httpSpans(engine.engine, engine.propagation);
    undo.push(
      watchHttp({
        spans,
        open: openRequests,
        recorder: httpRecorder(),
        limitMs,
        ignoreServer: isAdminServer,
        ignore,
      }),
    );
  }
  await engine.ready;
  return {
    async flush(withinMs) {
      const [isSent, isHome] = await Promise.all([within(engine.flush(), withinMs), pipeline.flush(withinMs)]);
      return isSent && isHome;
    },
    ledger: () => pipeline.ledger(),
    traces,
    openRequests,
    async quiet() {
      for (const step of undo.splice(0).reverse()) await step();
    },
    async end(withinMs) {
      const report = await pipeline.shutdown(withinMs);
      unsubscribe();
      logs.close(); // not before: what drains meanwhile has something to say
      for (const step of errors.reverse()) step();
      journal.close();
      return report;
    },
  };
}

/** The output of the telemetry that was wired last. */
let latest: SpanOutput | undefined;

/** Notes spans on their way. What begins before a restart and ends after it goes where the rest goes by then. */
function noting(output: SpanOutput, traces: TraceBook): SpanOutput {
  const noted: SpanOutput = {
    ended(span) {
      if (latest !== noted) return latest?.ended(span);
      output.ended(span);
      traces.note(span);
      if (span.statusCode === 2) spanFailed(span); // also spans of OpenTelemetry's instrumentations
    },
    sampledOut: () => (latest === noted ? output.sampledOut() : latest?.sampledOut()),
  };
  latest = noted;
  return noted;
}

function sinkOf({ otlp, retention }: Config): SinkOptions {
  if (otlp === undefined) return { kind: 'store', maxAgeMs: retention.ageMs, maxBytes: retention.bytes };
  const { tracesUrl, logsUrl, metricsUrl, metricsEveryMs: _, ...rest } = otlp;
  return { kind: 'otlp', ...rest, endpoint: new URL(tracesUrl).origin, endpoints: { traces: tracesUrl, logs: logsUrl, metrics: metricsUrl } };
}

/** What became of the lines on standard output; the pipeline's own count of the same lines is the ledger's. */
function watchOutput(logs: Logs): () => void {
  return defineReading(
    { type: 'counter', name: 'sonde_log_output_lines_total', help: 'Log lines for standard output, by what became of them', labels: ['outcome'] },
    () => {
      const { written, dropped } = logs.counts();
      return [
        { labels: { outcome: 'written' }, value: written },
        { labels: { outcome: 'dropped' }, value: dropped },
        { labels: { outcome: 'sampled' }, value: lineCounts.sampled },
      ];
    },
  );
}

function watchLeases(): () => void {
  return defineReading({ type: 'gauge', name: 'sonde_log_level_override_active', help: 'Leases of log levels that run, by logger', labels: ['logger'] }, () => {
    const counts = new Map<string, number>();
    for (const lease of listLeases()) counts.set(lease.logger, (counts.get(lease.logger) ?? 0) + 1);
    return [...counts].map(([logger, value]) => ({ labels: { logger }, value }));
  });
}
