import { nearest } from '../../core/nearest.ts';
import type { StackDocument } from './documents.ts';

/** Names that files of the stack give each other. */
export interface StackNames {
  /** UIDs of data sources. */
  readonly sources: ReadonlySet<string>;
  /** UIDs of dashboards. */
  readonly dashboards: ReadonlySet<string>;
  /** Names of alerts. */
  readonly alerts: ReadonlySet<string>;
  /** Services of the composition. */
  readonly services: ReadonlySet<string>;
  /** Variables of Grafana's container. */
  readonly variables: ReadonlySet<string>;
  /** Arguments that Prometheus is started with. */
  readonly prometheusArguments: ReadonlySet<string>;
}

interface ServiceOfStack {
  readonly environment?: object;
  readonly command?: unknown;
}

/** What the documents name, those that could be read. */
export function stackNames(documents: readonly StackDocument[]): StackNames {
  const within = (part: string): StackDocument[] => documents.filter((document) => document.file.replaceAll('\\', '/').includes(part));
  const list = <T>(value: unknown, key: string): T[] => {
    const found = (value as Record<string, unknown> | null | undefined)?.[key];
    return Array.isArray(found) ? (found as T[]) : [];
  };
  const texts = (values: unknown[]): Set<string> => new Set(values.filter((value) => typeof value === 'string'));
  const compositions = within('docker-compose.yml').map(({ value }) => value as { services?: Record<string, ServiceOfStack | null> } | null);
  return {
    sources: texts(within('provisioning/datasources').flatMap(({ value }) => list<{ uid?: unknown }>(value, 'datasources').map((source) => source?.uid))),
    dashboards: texts(within('grafana/dashboards').map(({ value }) => (value as { uid?: unknown } | null)?.uid)),
    alerts: texts(
      within('/rules/').flatMap(({ value }) =>
        list<unknown>(value, 'groups').flatMap((group) => list<{ alert?: unknown }>(group, 'rules').map((rule) => rule?.alert)),
      ),
    ),
    services: new Set(compositions.flatMap((composition) => Object.keys(composition?.services ?? {}))),
    variables: new Set(compositions.flatMap((composition) => Object.keys(composition?.services?.['grafana']?.environment ?? {}))),
    prometheusArguments: texts(compositions.flatMap((composition) => list<unknown>(composition?.services?.['prometheus'], 'command'))),
  };
}

/** A name that leads nowhere, with the nearest that there is. */
export function leadsNowhere(what: string, name: string, names: ReadonlySet<string>): string[] {
  if (names.has(name)) return [];
  const near = nearest(name, names);
  return [`there is no ${what} "${name}"${near ? `; did you mean "${near}"?` : ''}`];
}
