/** The public surface: re-exports only. */
export type { ErrorAnswer, ErrorAnswerOptions } from '../adapters/error-answer.ts';
export { sendProblem } from '../adapters/send-problem.ts';
export type { Attributes, AttributeValue } from '../core/attributes.ts';
export { bind, bound } from '../core/bind.ts';
export type { Duration } from '../core/duration.ts';
export { deadline, signal, withSignal } from '../core/limit.ts';
export { errorCodes } from '../errors/codes.ts';
export { type DefinedError, type DefinedErrorClass, type DefineErrorOptions, defineError } from '../errors/define-error.ts';
export { type ErrorDefinition, type ErrorKind } from '../errors/definition.ts';
export { errorIdTime, type ParsedErrorId, parseErrorId } from '../errors/error-id.ts';
export { type Problem, type ProblemBody, problem } from '../errors/problem.ts';
export { errorIdOf, type Reported, type ReportOptions, report } from '../errors/report.ts';
export { type BoundCounter, type Counter, counter, type LabelledCounter, type MetricOptions } from '../metrics/counter.ts';
export { type BoundGauge, type Gauge, gauge, type LabelledGauge } from '../metrics/gauge.ts';
export { type BoundHistogram, type Histogram, type HistogramOptions, histogram, type LabelledHistogram } from '../metrics/histogram.ts';
export type { Labels, LabelValue } from '../metrics/label-set.ts';
export { renderMetrics } from '../metrics/render.ts';
