import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { leadsNowhere } from './links.ts';
import type { Reference } from './references.ts';

interface Service {
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly healthcheck?: unknown;
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
}

/** What a schema of docker-compose.yml does not see: names that lead nowhere, folders that are not there, servers nobody asks for their health. */
export function composeReferences(value: unknown, root: string): Reference[] {
  const { services, volumes, networks } = value as { services: Record<string, Service>; volumes: object; networks: object };
  const names = { service: new Set(Object.keys(services)), volume: new Set(Object.keys(volumes)), network: new Set(Object.keys(networks)) };
  const found: Reference[] = [];
  const check = (service: string, kind: keyof typeof names, name: string, text = name): void =>
    void found.push(...leadsNowhere(kind, name, names[kind]).map((message): Reference => [`service "${service}": ${message}`, text]));
  for (const [name, service] of Object.entries(services)) {
    for (const other of Array.isArray(service.depends_on) ? service.depends_on : Object.keys(service.depends_on ?? {})) check(name, 'service', other);
    if (!service.networks && !service.network_mode) found.push([`service "${name}": it is in no network, so that no other reaches it`, name]);
    for (const network of service.networks ?? []) check(name, 'network', network);
    for (const mount of service.volumes ?? []) {
      const from = /^(?:\$\{\w+:-)?([^:}]+)/.exec(mount)?.[1] ?? '';
      if (!from.startsWith('.')) check(name, 'volume', from, mount);
      else if (!existsSync(join(root, from))) found.push([`service "${name}": there is no "${from}" to mount`, mount]);
    }
    if (service.ports && !service.healthcheck && !services[`${name}-probe`]?.healthcheck)
      found.push([`service "${name}": nobody asks whether it is healthy; expected a healthcheck, or a service "${name}-probe" that has one`, name]);
  }
  return found;
}
