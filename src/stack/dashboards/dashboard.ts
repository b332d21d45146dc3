import { type Panel, type Query, SOURCES } from './panel.ts';

/** A dashboard before it is JSON. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Time range when it is opened: Grafana's notation. */
  readonly from: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly Row[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export type Variable =
  | { readonly kind: 'text'; readonly name: string; readonly label: string; readonly initial: string }
  | {
      readonly kind: 'query';
      readonly name: string;
      readonly label: string;
      readonly query: string;
      /** What stands for all; `.*` matches also what has no such label. Loki wants one selector that does not. */
      readonly all: '.*' | '.+';
    };

const SCHEMA_VERSION = 41; // the classic dashboard schema that Grafana 12 and 13 read without migration
const GRID_WIDTH = 24;

/** The dashboard as the JSON that Grafana provisions. Deterministic: the same input gives the same text. */
export function dashboardJson(dashboard: Dashboard): string {
  const json = {
    uid: dashboard.uid,
    title: dashboard.title,
    description: dashboard.description,
    tags: ['sonde'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    timezone: 'utc',
    time: { from: dashboard.from, to: 'now' },
    links: [{ type: 'dashboards', tags: ['sonde'], title: 'Sonde', asDropdown: true, includeVars: true, keepTime: true }],
    annotations: { list: [] },
    templating: { list: dashboard.variables.map(variableJson) },
    panels: layOut(dashboard.rows),
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

function variableJson(variable: Variable): unknown {
  if (variable.kind === 'text') {
    const value = { text: variable.initial, value: variable.initial };
    return { type: 'textbox', name: variable.name, label: variable.label, query: variable.initial, current: value, options: [{ ...value, selected: true }] };
  }
  return {
    type: 'query',
    name: variable.name,
    label: variable.label,
    datasource: SOURCES.prometheus,
    definition: variable.query,
    query: { query: variable.query, refId: variable.name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: variable.all,
    current: { text: ['All'], value: ['$__all'] },
  };
}

function layOut(rows: readonly Row[]): unknown[] {
  const panels: unknown[] = [];
  let y = 0;
  let id = 1;
  for (const row of rows) {
    panels.push({ id: id++, type: 'row', title: row.title, collapsed: false, gridPos: { x: 0, y, w: GRID_WIDTH, h: 1 }, panels: [] });
    y++;
    let x = 0;
    let lineHeight = 0;
    for (const panel of row.panels) {
      if (x + panel.width > GRID_WIDTH) {
        y += lineHeight;
        x = 0;
        lineHeight = 0;
      }
      panels.push(panelJson(panel, id++, { x, y, w: panel.width, h: panel.height }));
      x += panel.width;
      lineHeight = Math.max(lineHeight, panel.height);
    }
    y += lineHeight;
  }
  return panels;
}

function panelJson(panel: Panel, id: number, gridPos: { x: number; y: number; w: number; h: number }): unknown {
  return {
    id,
    type: panel.kind,
    title: panel.title,
    ...(panel.help ? { description: panel.help } : {}),
    gridPos,
    datasource: panel.queries[0] ? SOURCES[panel.queries[0].source] : undefined,
    targets: panel.queries.map((query, index) => target(query, index, panel.kind === 'bargauge')),
    fieldConfig: fieldConfig(panel),
    options: options(panel),
    ...(panel.kind === 'table'
      ? {
          transformations: [
            { id: 'merge', options: {} },
            { id: 'organize', options: { excludeByName: { Time: true } } },
          ],
        }
      : {}),
  };
}

function target(query: Query, index: number, isBar: boolean): unknown {
  const base = { refId: String.fromCharCode(65 + index), datasource: SOURCES[query.source] };
  if (query.source === 'tempo') return { ...base, queryType: 'traceql', query: query.expr, limit: 20, tableType: 'traces' };
  return {
    ...base,
    expr: query.expr,
    legendFormat: query.legend ?? '__auto',
    ...(query.source === 'loki' ? { queryType: query.instant ? 'instant' : 'range' } : { instant: query.instant === true, range: query.instant !== true }),
    ...(query.instant && !isBar ? { format: 'table' } : {}),
    ...(query.exemplar ? { exemplar: true } : {}),
  };
}

function fieldConfig(panel: Panel): unknown {
  const thresholds = panel.thresholds
    ? {
        mode: 'absolute',
        steps: [
          { color: 'green', value: null },
          { color: 'yellow', value: panel.thresholds[0] },
          { color: 'red', value: panel.thresholds[1] },
        ],
      }
    : { mode: 'absolute', steps: [{ color: 'green', value: null }] };
  return {
    defaults: {
      ...(panel.unit ? { unit: panel.unit } : {}),
      ...(panel.max === undefined ? {} : { min: 0, max: panel.max }),
      thresholds,
      ...(panel.states
        ? {
            mappings: [{ type: 'value', options: Object.fromEntries(panel.states.map(({ title, color }, index) => [index, { text: title, color, index }])) }],
            custom: { fillOpacity: 70, lineWidth: 0 },
          }
        : {}),
      ...(panel.kind === 'timeseries'
        ? {
            custom: {
              drawStyle: 'line',
              fillOpacity: panel.stacked ? 60 : 8,
              showPoints: 'never',
              spanNulls: false,
              stacking: { mode: panel.stacked ? 'normal' : 'none' },
            },
          }
        : {}),
    },
    overrides: columnsOf(panel).map((column) => ({ matcher: { id: 'byName', options: column }, properties: propertiesOf(panel, column) })),
  };
}

function columnsOf({ links = [], columns = [] }: Panel): string[] {
  return [...new Set([...links, ...columns].map(({ column }) => column))];
}

function propertiesOf({ links = [], columns = [] }: Panel, column: string): unknown[] {
  const urls = links.filter((link) => link.column === column).map(({ title, url }) => ({ title, url, targetBlank: false }));
  return [
    ...(urls.length > 0 ? [{ id: 'links', value: urls }] : []),
    ...columns
      .filter((one) => one.column === column)
      .flatMap(({ title, unit }) => [{ id: 'displayName', value: title }, ...(unit === undefined ? [] : [{ id: 'unit', value: unit }])]),
  ];
}

function options(panel: Panel): unknown {
  switch (panel.kind) {
    case 'stat':
      return { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: 'value', graphMode: 'none', textMode: 'auto' };
    case 'logs':
      return { showTime: true, wrapLogMessage: true, prettifyLogMessage: false, enableLogDetails: true, sortOrder: 'Descending', dedupStrategy: 'none' };
    case 'timeseries':
      return { legend: { displayMode: 'table', placement: 'bottom', calcs: ['mean', 'max'] }, tooltip: { mode: 'multi', sort: 'desc' } };
    case 'state-timeline':
      return {
        mergeValues: true,
        showValue: 'auto',
        alignValue: 'left',
        rowHeight: 0.9,
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
        tooltip: { mode: 'single', sort: 'none' },
      };
    case 'text':
      return { mode: 'markdown', content: panel.text ?? '' };
    case 'bargauge':
      return { displayMode: 'gradient', orientation: 'horizontal', reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } };
    default:
      return {};
  }
}
