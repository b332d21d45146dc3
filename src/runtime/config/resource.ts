import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import type { Attributes } from '../../core/attributes.ts';
import { VERSION } from '../../core/version.ts';
import { headRevision } from './revision.ts';

/** What is told about the process that sends. */
export interface ResourceParts {
  readonly service: string | undefined;
  readonly release: string | undefined;
  readonly environment: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The resource in OpenTelemetry's names. What was said by name wins over the list of attributes. */
export function describeResource(parts: ResourceParts): Attributes {
  const { attributes } = parts;
  const known = parts.service === undefined || parts.release === undefined ? nearestPackage(process.cwd()) : {};
  const version = parts.release ?? attributes['service.version'] ?? known.version;
  const environment = parts.environment ?? attributes['deployment.environment.name'];
  const revision = attributes['vcs.ref.head.revision'] ?? headRevision(process.cwd());
  return {
    'host.name': hostname(),
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'service.instance.id': randomUUID(),
    ...attributes,
    'service.name': parts.service ?? attributes['service.name'] ?? known.name ?? 'unknown_service:node',
    ...(version === undefined ? {} : { 'service.version': version }),
    ...(revision === undefined ? {} : { 'vcs.ref.head.revision': revision }),
    ...(environment === undefined ? {} : { 'deployment.environment.name': environment }),
    'telemetry.sdk.name': 'sonde',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': VERSION,
  };
}

const MAX_PARENTS = 8; // a working directory deeper below its package.json than this is not a service's

function nearestPackage(folder: string): { name?: string; version?: string } {
  let at = folder;
  for (let i = 0; i < MAX_PARENTS; i++) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as { name?: unknown; version?: unknown };
      return { ...(typeof name === 'string' && name !== '' ? { name } : {}), ...(typeof version === 'string' ? { version } : {}) };
    } catch {
      // Not here, or not readable: the parent may have one.
    }
    const up = dirname(at);
    if (up === at) break;
    at = up;
  }
  return {};
}
