/** One alert, whole: from it come the rule, its runbook, its Grafana-managed twin and its test. */
export interface Alert {
  /** CamelCase, unique: also the name of the runbook. */
  readonly name: string;
  readonly severity: 'page' | 'ticket' | 'info';
  readonly language: 'promql' | 'logql';
  readonly expr: string;
  /** How long it must hold. Prometheus duration. */
  readonly for: string;
  /** One line; `{{ $labels.x }}` and `{{ $value }}` as in Prometheus templates. */
  readonly summary: string;
  readonly description: string;
  /** UID of the dashboard that shows it. */
  readonly dashboard: string;
  readonly runbook: Runbook;
  /** A case that fires and one that must not; only an alert that always fires has none of the second kind. */
  readonly test: { readonly fires: AlertCase; readonly silent?: AlertCase };
}

export interface Runbook {
  /** What it means for users. */
  readonly meaning: string;
  /** What to look at, in order; each line is a step. */
  readonly check: readonly string[];
  /** What has helped. */
  readonly mend: readonly string[];
}

/** Series (promtool notation) or log lines (for Loki), and when to look. */
export interface AlertCase {
  readonly at: string;
  /** Distance of the samples; `1m` unless told. */
  readonly every?: string;
  readonly series?: Readonly<Record<string, string>>;
  /** For a LogQL alert: records sent to Loki, `ageSeconds` before the moment of evaluation. */
  readonly logs?: readonly LogCase[];
  /** Labels of the alert, for a case that fires. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface LogCase {
  readonly ageSeconds: number;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A recording rule. */
export interface Recording {
  readonly record: string;
  readonly expr: string;
}

export interface AlertGroup {
  readonly name: string;
  /** What the group watches; a heading in the runbook index. */
  readonly title: string;
  readonly interval?: string;
  /** How far promtool steps in the tests; `1m` unless told. */
  readonly testStep?: string;
  readonly recordings?: readonly Recording[];
  readonly alerts: readonly Alert[];
}
