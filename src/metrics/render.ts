import { clock } from '../core/clock.ts';
import type { MetricData } from '../core/metric-data.ts';
import { addOverhead } from '../core/overhead.ts';
import { nextExemplarTurn } from './exemplars.ts';
import { writeFamilies } from './exposition.ts';
import { CONTENT_TYPES, negotiate } from './negotiate.ts';
import { isPromClientLoaded, joinPromClient, type PromBridge } from './prom-client.ts';
import { allFamilies, refreshReadings } from './registry.ts';

let bridge: Promise<PromBridge | undefined> | undefined;

/**
 * The page of `/metrics`: Prometheus text, or OpenMetrics with exemplars where the `Accept` header asks for it.
 *
 * @example
 * (await renderMetrics('application/openmetrics-text')).body.endsWith('# EOF\n') === true;
 */
export async function renderMetrics(accept: string | undefined): Promise<{ contentType: string; body: string }> {
  const format = negotiate(accept);
  bridge ??= joinPromClient();
  const foreign = await (await bridge)?.page(format);
  const start = clock.mono();
  refreshReadings();
  const own = writeFamilies(allFamilies(), format);
  if (format === 'openmetrics') nextExemplarTurn();
  addOverhead('scrape', clock.mono() - start);
  return { contentType: CONTENT_TYPES[format], body: `${own}${foreign ?? ''}${format === 'openmetrics' ? '# EOF\n' : ''}` };
}

/** The application's own metrics in prom-client's registry, as data; none where it did not load prom-client. */
export async function foreignMetrics(): Promise<MetricData[]> {
  if (bridge === undefined && !isPromClientLoaded()) return [];
  bridge ??= joinPromClient();
  return (await (await bridge)?.data()) ?? [];
}

/** Leaves prom-client's registry as it was. */
export async function leavePromClient(): Promise<void> {
  const joined = bridge;
  bridge = undefined;
  (await joined)?.close();
}
