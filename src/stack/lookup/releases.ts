import type { ReleaseOrder } from '../../store/releases.ts';
import { type LokiQuery, queryLoki, queryLokiSeries, quoted } from './loki.ts';
import type { ServerOptions } from './server.ts';

const MAX_RELEASES = 50; // of all services in a week; each is one look for its first line

/** The releases of each service in the order in which Loki first saw a line of them: one that never failed is in it too. */
export async function releasesInLoki(server: ServerOptions, service: string | undefined, range: Pick<LokiQuery, 'startNs' | 'endNs'>): Promise<ReleaseOrder> {
  const selector = `{service_name${service === undefined ? '=~".+"' : `=${quoted(service)}`}}`;
  const seconds = (range.endNs - range.startNs) / 1_000_000_000n + 1n;
  const expr = `topk(${MAX_RELEASES}, sum by (service_name, service_version) (count_over_time(${selector} | service_version!="" | keep service_name, service_version [${seconds}s])))`;
  const pairs = await queryLokiSeries(server, expr, range.endNs);
  const first = await Promise.all(
    pairs.map(async ({ service_name: name = '', service_version: release = '' }) => {
      const [line] = await queryLoki(server, {
        ...range,
        expr: `{service_name=${quoted(name)}} | service_version=${quoted(release)}`,
        limit: 1,
        forward: true,
      });
      return { name, release, timeNs: line?.timeNs ?? range.endNs };
    }),
  );
  const order = new Map<string, string[]>();
  for (const { name, release } of first.sort((a, b) => (a.timeNs < b.timeNs ? -1 : 1))) order.set(name, [...(order.get(name) ?? []), release]);
  return order;
}
