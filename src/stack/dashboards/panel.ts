/** The data sources of the stack, by their fixed UIDs (grafana/provisioning/datasources). */
export const SOURCES = {
  prometheus: { type: 'prometheus', uid: 'sonde-prometheus' },
  loki: { type: 'loki', uid: 'sonde-loki' },
  tempo: { type: 'tempo', uid: 'sonde-tempo' },
} as const;
export type SourceName = keyof typeof SOURCES;

/** A query of a panel. */
export interface Query {
  readonly source: SourceName;
  readonly expr: string;
  readonly legend?: string;
  /** One value now, not a series. */
  readonly instant?: boolean;
  readonly exemplar?: boolean;
}

/** A panel, with its width out of 24 and its height in grid rows. */
export interface Panel {
  readonly title: string;
  readonly kind: 'timeseries' | 'state-timeline' | 'stat' | 'table' | 'logs' | 'traces' | 'bargauge' | 'heatmap' | 'text';
  readonly help?: string;
  readonly width: number;
  readonly height: number;
  readonly unit?: string;
  readonly queries: readonly Query[];
  /** Value from which on it is yellow, red. */
  readonly thresholds?: readonly [number, number];
  readonly text?: string;
  /** Table: links from a column, as Grafana data links. */
  readonly links?: readonly { readonly column: string; readonly title: string; readonly url: string }[];
  /** Table: how a column is called and shown; that of the values is `Value #A` and so on, or `Value` where there is one query. */
  readonly columns?: readonly { readonly column: string; readonly title: string; readonly unit?: string }[];
  readonly stacked?: boolean;
  readonly max?: number;
  /** State timeline: what each value is called, from 0, and its colour. */
  readonly states?: readonly { readonly title: string; readonly color: string }[];
}

/** A query of PromQL. */
export function prom(expr: string, legend?: string, more: Partial<Query> = {}): Query {
  return { source: 'prometheus', expr, ...(legend === undefined ? {} : { legend }), ...more };
}

/** A query of LogQL. */
export function loki(expr: string, legend?: string, more: Partial<Query> = {}): Query {
  return { source: 'loki', expr, ...(legend === undefined ? {} : { legend }), ...more };
}

export function timeseries(title: string, unit: string, queries: readonly Query[], more: Partial<Panel> = {}): Panel {
  return { title, kind: 'timeseries', width: 12, height: 8, unit, queries, ...more };
}

/** Which state each series was in, as bars over time. */
export function stateTimeline(title: string, states: NonNullable<Panel['states']>, queries: readonly Query[], more: Partial<Panel> = {}): Panel {
  return { title, kind: 'state-timeline', width: 24, height: 7, states, queries, ...more };
}

export function stat(title: string, unit: string, query: Query, more: Partial<Panel> = {}): Panel {
  return { title, kind: 'stat', width: 4, height: 4, unit, queries: [{ ...query, instant: true }], ...more };
}

export function table(title: string, queries: readonly Query[], more: Partial<Panel> = {}): Panel {
  return { title, kind: 'table', width: 24, height: 9, queries: queries.map((query) => ({ ...query, instant: true })), ...more };
}

export function logs(title: string, expr: string, more: Partial<Panel> = {}): Panel {
  return { title, kind: 'logs', width: 24, height: 10, queries: [loki(expr)], ...more };
}
