import type { Attributes } from './attributes.ts';

/** The resource of this process (`service.name`, `host.name`, `process.pid`, ...): set once, when telemetry starts. */
export let resource: Attributes = Object.freeze({ 'service.name': 'unknown_service:node' });

/** Sets the resource; the runtime calls it. */
export function setResource(next: Attributes): void {
  resource = Object.freeze({ ...next });
}
