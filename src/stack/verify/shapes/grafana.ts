import * as v from 'valibot';
import { closed, open, PROM_DURATION, text } from '../shape.ts';

const UID = text(/^[a-zA-Z0-9_-]{1,40}$/, 'at most 40 letters, digits, hyphens and underscores');
const source = v.looseObject({ type: v.string(), uid: v.string() });
const grid = closed({ x: v.number(), y: v.number(), w: v.number(), h: v.number() });

/** A dashboard. */
export const DASHBOARD = open(
  {
    uid: UID,
    title: v.string(),
    schemaVersion: v.number(),
    templating: v.looseObject({
      list: v.array(v.looseObject({ name: v.string(), type: v.string(), datasource: v.optional(source), definition: v.optional(v.string()) })),
    }),
    panels: v.array(
      open({
        id: v.number(),
        type: v.string(),
        title: v.string(),
        gridPos: grid,
        datasource: v.optional(source),
        targets: v.optional(v.array(open({ refId: v.string(), datasource: source, expr: v.optional(v.string()), query: v.optional(v.string()) }))),
      }),
    ),
  },
  ['time', 'refresh', 'timezone', 'links', 'annotations', 'tags', 'description', 'version', 'editable', 'graphTooltip'],
);

/** grafana/provisioning/datasources. */
export const DATASOURCES = closed({
  apiVersion: v.literal(1),
  prune: v.optional(v.boolean()),
  deleteDatasources: v.optional(v.array(v.looseObject({}))),
  datasources: v.array(
    open({
      name: v.string(),
      uid: UID,
      type: v.picklist(['prometheus', 'loki', 'tempo']),
      access: v.literal('proxy'),
      url: text(/^https?:\/\/[\w.-]+:\d+$/, 'a URL'),
      jsonData: v.optional(v.looseObject({})),
    }),
  ),
});

/** grafana/provisioning/dashboards. */
export const PROVIDERS = closed({
  apiVersion: v.literal(1),
  providers: v.array(
    closed({
      name: v.string(),
      folder: v.optional(v.string()),
      folderUid: v.optional(UID),
      type: v.literal('file'),
      disableDeletion: v.optional(v.boolean()),
      allowUiUpdates: v.optional(v.boolean()),
      updateIntervalSeconds: v.optional(v.number()),
      options: closed({ path: v.string(), foldersFromFilesStructure: v.optional(v.boolean()) }),
    }),
  ),
});

export interface Policy {
  receiver?: string | undefined;
  routes?: Policy[] | undefined;
}
const policyEntries = {
  receiver: v.optional(v.string()),
  group_by: v.optional(v.array(v.string())),
  group_wait: v.optional(PROM_DURATION),
  group_interval: v.optional(PROM_DURATION),
  repeat_interval: v.optional(PROM_DURATION),
  continue: v.optional(v.boolean()),
  object_matchers: v.optional(v.array(v.tuple([v.string(), v.picklist(['=', '!=', '=~', '!~']), v.string()]))),
};
const policy: v.GenericSchema<Policy> = closed({ ...policyEntries, routes: v.optional(v.array(v.lazy(() => policy))) }) as unknown as v.GenericSchema<Policy>;

const managedRule = closed({
  uid: UID,
  title: v.string(),
  condition: v.string(),
  data: v.array(
    closed({
      refId: v.string(),
      relativeTimeRange: v.optional(closed({ from: v.number(), to: v.number() })),
      datasourceUid: v.string(),
      model: v.looseObject({ refId: v.string() }),
    }),
  ),
  noDataState: v.picklist(['OK', 'NoData', 'Alerting', 'KeepLast']),
  execErrState: v.picklist(['OK', 'Error', 'Alerting', 'KeepLast']),
  for: PROM_DURATION,
  labels: closed({ severity: v.picklist(['page', 'ticket', 'info']) }),
  annotations: v.record(v.string(), v.string()),
});

/** grafana/provisioning/alerting and grafana/managed/alerting. */
export const ALERTING = closed({
  apiVersion: v.literal(1),
  groups: v.optional(
    v.array(closed({ orgId: v.optional(v.number()), name: v.string(), folder: v.string(), interval: PROM_DURATION, rules: v.array(managedRule) })),
  ),
  contactPoints: v.optional(
    v.array(
      closed({
        orgId: v.optional(v.number()),
        name: v.string(),
        receivers: v.array(
          closed({
            uid: UID,
            type: v.string(),
            settings: v.looseObject({}),
            disableResolveMessage: v.optional(v.boolean()),
            secureSettings: v.optional(v.looseObject({})),
          }),
        ),
      }),
    ),
  ),
  policies: v.optional(v.array(closed({ orgId: v.optional(v.number()), ...policyEntries, routes: v.optional(v.array(policy)) }))),
});
