import type { RecordedTelemetry } from './record-telemetry.ts';

/** The answer of a matcher, as vitest's and jest's `expect.extend` take it. */
export interface MatcherResult {
  readonly pass: boolean;
  message(): string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Matchers over a {@link RecordedTelemetry}: `expect.extend(telemetryMatchers)`. */
export interface TelemetryMatchers {
  /** A span of that name ended, with these attributes. */
  toHaveSpan(telemetry: RecordedTelemetry, name: string, attributes?: Fields): MatcherResult;
  /** A line with that message was logged, with these fields (`level`, `logger`, own ones). */
  toHaveLogged(telemetry: RecordedTelemetry, message: string | RegExp, fields?: Fields): MatcherResult;
  /** An error of that code or type was reported, with these fields of its record. */
  toHaveReported(telemetry: RecordedTelemetry, type: string, fields?: Fields): MatcherResult;
  /** A metric moved by `value` (by anything but 0 where that is left out). */
  toHaveMetric(telemetry: RecordedTelemetry, name: string, labels?: Fields, value?: number): MatcherResult;
}

/**
 * Matchers for vitest and jest.
 *
 * Shape: `expect.extend(telemetryMatchers)`, then `expect(telemetry).toHaveSpan('orders.place', { plan: 'pro' })`.
 *
 * @example
 * const telemetry = await recordTelemetry();
 * traced('docs.add', () => 1)();
 * await telemetry.stop();
 * telemetryMatchers.toHaveSpan(telemetry, 'docs.add').pass === true;
 */
export const telemetryMatchers: TelemetryMatchers = {
  toHaveSpan(telemetry, name, attributes) {
    const pass = telemetry.spans.some((span) => span.name === name && has(span.attributes, attributes));
    return verdict(
      pass,
      `a span "${name}"${withFields(attributes)}`,
      telemetry.spans.map((span) => `${span.name} ${JSON.stringify(span.attributes)}`),
    );
  },
  toHaveLogged(telemetry, message, fields) {
    const matches = (text: string): boolean => (typeof message === 'string' ? text === message : text.search(message) >= 0);
    const pass = telemetry.logs.some((line) => matches(line.message) && has(line, fields));
    return verdict(
      pass,
      `a log line ${String(message)}${withFields(fields)}`,
      telemetry.logs.map((line) => `${line.level} ${line.logger}: ${line.message}`),
    );
  },
  toHaveReported(telemetry, type, fields) {
    const pass = telemetry.errors.some(
      (record) => [record['error.code'], record['error.type'], record['exception.type']].includes(type) && has(record, fields),
    );
    return verdict(
      pass,
      `an error ${type}${withFields(fields)}`,
      telemetry.errors.map((record) => `${record['error.type']}: ${record.message}`),
    );
  },
  toHaveMetric(telemetry, name, labels, value) {
    const found = telemetry.metric(name, labels);
    const pass = value === undefined ? found !== undefined && found !== 0 : found === value;
    const seen = telemetry.metrics().filter((metric) => metric.name === name);
    return verdict(
      pass,
      `the metric ${name}${withFields(labels)}${value === undefined ? '' : ` at ${value}`}`,
      seen.map((metric) => `${JSON.stringify(metric.labels)} ${metric.value}`),
    );
  },
};

function has(record: Fields, wanted: Fields | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => {
    const found = record[key];
    return value instanceof RegExp ? value.test(String(found)) : Object.is(found, value) || JSON.stringify(found) === JSON.stringify(value);
  });
}

const MAX_SHOWN = 20; // records that a failed assertion prints

function verdict(pass: boolean, what: string, seen: readonly string[]): MatcherResult {
  return {
    pass,
    message() {
      const list =
        seen.length === 0
          ? 'nothing of the kind'
          : seen
              .slice(0, MAX_SHOWN)
              .map((line) => `\n  ${line}`)
              .join('');
      return pass ? `expected not to find ${what}` : `expected ${what}, found ${list}`;
    },
  };
}

function withFields(fields: Fields | undefined): string {
  return fields === undefined ? '' : ` with ${JSON.stringify(fields)}`;
}
