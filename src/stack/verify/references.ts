import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { StackDocument } from './documents.ts';
import { leadsNowhere, type StackNames } from './links.ts';
import { LABEL_NAMES } from './names.ts';
import type { AlertRoute } from './shapes/alertmanager.ts';
import type { Policy } from './shapes/grafana.ts';

/** A problem and the text in the file that it is about. */
export type Reference = readonly [message: string, text: string];

/** What is named in a text of any file and is not there: dashboards behind links, runbooks, data sources. */
export function textReferences(document: StackDocument, names: StackNames, root: string): Reference[] {
  const found: Reference[] = [];
  for (const { text } of document.strings(['url', 'dashboard_url', 'runbook_url', 'datasourceUid', '__dashboardUid__'])) {
    for (const [, uid = ''] of text.matchAll(/\/d\/([\w-]+)/g))
      found.push(...leadsNowhere('dashboard', uid, names.dashboards).map((message): Reference => [message, text]));
    const runbook = /\/runbooks\/([\w.-]+)$/.exec(text)?.[1];
    if (runbook && !existsSync(join(root, 'collector/runbooks', runbook))) found.push([`there is no runbook "${runbook}"`, text]);
  }
  for (const { text } of document.strings(['datasourceUid']))
    if (text !== '__expr__') found.push(...leadsNowhere('data source', text, names.sources).map((message): Reference => [message, text]));
  for (const { text } of document.strings(['__dashboardUid__']))
    found.push(...leadsNowhere('dashboard', text, names.dashboards).map((message): Reference => [message, text]));
  return found;
}

/** Servers that a configuration sends to: each is a service of the composition. */
export function hostReferences(document: StackDocument, names: StackNames): Reference[] {
  const allowed = new Set([...names.services, 'localhost', '127.0.0.1', '0.0.0.0', 'host.docker.internal']);
  const found: Reference[] = [];
  for (const { text } of document.strings(['url', 'endpoint', 'alertmanager_url', 'targets'])) {
    const host = /(?:^|:-|\/\/)([a-zA-Z][\w.-]*):\d+/.exec(text)?.[1];
    if (host !== undefined && !host.includes('.'))
      found.push(...leadsNowhere('service of docker-compose.yml called', host, allowed).map((message): Reference => [message, text]));
  }
  return found;
}

/** What Prometheus takes in only when it is started with an argument; without it the sender is answered 404. */
const RECEIVERS: Readonly<Record<string, string>> = {
  '/api/v1/write': '--web.enable-remote-write-receiver',
  '/api/v1/otlp': '--web.enable-otlp-receiver',
};

/** Servers that write to Prometheus: it is told to take it in. */
export function writeReferences(document: StackDocument, names: StackNames): Reference[] {
  return document.strings(['url', 'endpoint']).flatMap(({ text }) =>
    Object.entries(RECEIVERS)
      .filter(([path, argument]) => text.includes(path) && !names.prometheusArguments.has(argument))
      .map(([path, argument]): Reference => [`Prometheus refuses what is sent to ${path}: its command in docker-compose.yml has no "${argument}"`, text]),
  );
}

/** Variables of a file of Grafana: each is given to its container. */
export function variableReferences(document: StackDocument, names: StackNames): Reference[] {
  const found: Reference[] = [];
  for (const { text } of document.strings(['url'])) {
    for (const [, name = ''] of text.matchAll(/(?<!\$)\$\{?([A-Z]\w+)/g))
      found.push(...leadsNowhere('variable given to grafana in docker-compose.yml called', name, names.variables).map((message): Reference => [message, text]));
  }
  return found;
}

/** Receivers of Alertmanager: each that is used is defined and the other way round; alerts and labels that matchers name exist. */
export function alertmanagerReferences(value: unknown, names: StackNames): Reference[] {
  const {
    route,
    receivers,
    inhibit_rules: inhibits = [],
  } = value as {
    route: AlertRoute;
    receivers: { name: string }[];
    inhibit_rules?: { source_matchers: string[]; target_matchers: string[]; equal?: string[] }[];
  };
  const routes = flatten(route);
  const matchers = [...routes.flatMap((one) => one.matchers ?? []), ...inhibits.flatMap((one) => [...one.source_matchers, ...one.target_matchers])];
  const labels = new Set([...LABEL_NAMES, 'alertname', 'severity']);
  // The watchdog's is for a receiver outside, which a team that has one adds.
  const empty = receivers.filter((receiver) => receiver.name !== 'watchdog' && Object.keys(receiver).length === 1);
  return [
    ...empty.map(({ name }): Reference => [`receiver "${name}" sends nowhere`, name]),
    ...receiverReferences(
      routes.map((one) => one.receiver),
      receivers.map((receiver) => receiver.name),
      'receiver',
    ),
    ...[...routes.flatMap((one) => one.group_by ?? []), ...inhibits.flatMap((one) => one.equal ?? [])].flatMap((label) =>
      leadsNowhere('label', label, labels).map((message): Reference => [message, label]),
    ),
    ...matchers.flatMap((matcher): Reference[] => {
      const [, label = '', operator = '', text = ''] = /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/.exec(matcher) ?? [];
      const wrong = leadsNowhere('label', label, labels);
      if (label === 'alertname') for (const name of operator.includes('~') ? text.split('|') : [text]) wrong.push(...leadsNowhere('alert', name, names.alerts));
      return wrong.map((message): Reference => [message, matcher]);
    }),
  ];
}

/** The same for Grafana's contact points and policies, and what its rules refer to within themselves. */
export function alertingReferences(value: unknown): Reference[] {
  const {
    policies = [],
    contactPoints = [],
    groups = [],
  } = value as {
    policies?: Policy[];
    contactPoints?: { name: string }[];
    groups?: { rules: GrafanaRule[] }[];
  };
  const found = receiverReferences(
    policies.flatMap(flatten).map((one) => one.receiver),
    contactPoints.map((point) => point.name),
    'contact point',
  );
  const uids = new Set<string>();
  for (const rule of groups.flatMap((group) => group.rules)) {
    if (uids.has(rule.uid)) found.push([`rule "${rule.title}": the UID ${rule.uid} is taken`, rule.uid]);
    uids.add(rule.uid);
    const refs = new Set(rule.data.map((query) => query.refId));
    found.push(...templateReferences(rule, refs));
    found.push(...leadsNowhere('query', rule.condition, refs).map((message): Reference => [`rule "${rule.title}": ${message}`, rule.title]));
  }
  return found;
}

interface GrafanaRule {
  readonly uid: string;
  readonly title: string;
  readonly condition: string;
  readonly data: readonly { readonly refId: string }[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Values in the texts of Grafana's rules: each is one of a query that the rule has. */
function templateReferences({ title, annotations = {} }: GrafanaRule, refs: ReadonlySet<string>): Reference[] {
  return Object.values(annotations).flatMap((text): Reference[] => [
    ...(/\$value\b/.test(text) ? [[`rule "${title}": $value is a sentence in Grafana; expected $values.<query>.Value`, text] as const] : []),
    ...[...text.matchAll(/\$values\.(\w+)/g)].flatMap(([, query = '']) =>
      leadsNowhere('query', query, refs).map((message): Reference => [`rule "${title}": ${message}`, text]),
    ),
  ]);
}

function flatten<T extends { routes?: T[] | undefined }>(route: T): T[] {
  return [route, ...(route.routes ?? []).flatMap(flatten)];
}

function receiverReferences(used: readonly (string | undefined)[], defined: readonly string[], what: string): Reference[] {
  const names = new Set(defined);
  return [
    ...used.filter((name) => name !== undefined).flatMap((name) => leadsNowhere(what, name, names).map((message): Reference => [message, name])),
    ...defined.filter((name) => !used.includes(name)).map((name): Reference => [`${what} "${name}" is defined and not used`, name]),
  ];
}
