import type { ReleaseOrder } from '../../store/releases.ts';
import { type LokiQuery, queryLoki, quoted } from './loki.ts';
import type { ServerOptions } from './server.ts';

type Range = Pick<LokiQuery, 'startNs' | 'endNs'>;
/** A moment at which a service ran a release. */
export interface ReleaseSeen {
  readonly service: string;
  readonly release: string;
  readonly timeNs: bigint;
}

const MAX_LOOKS = 400; // each for one line; a release costs about a dozen, and they take some milliseconds each
const NEAR_NS = 60_000_000_000n; // two releases within a minute are told apart by their errors only

/**
 * The releases of each service in the order in which they came, those that never failed too: known from the errors
 * (`seen`), and found among the log lines by halving the time between two lines of different releases. Loki reads single
 * lines for it, however many a week holds. A release that came and went between two lines of one release stays unseen.
 */
export async function releasesInLoki(
  server: ServerOptions,
  seen: readonly ReleaseSeen[],
  range: Range,
): Promise<{ readonly order: ReleaseOrder; readonly isWhole: boolean }> {
  const looks = { left: MAX_LOOKS };
  const order = new Map<string, string[]>();
  for (const service of new Set(seen.map((one) => one.service))) {
    const found = [...seen.filter((one) => one.service === service), ...(await releasesOf(server, service, range, looks))];
    const inOrder = found.filter((one) => one.release !== '').sort((a, b) => (a.timeNs < b.timeNs ? -1 : 1));
    order.set(service, [...new Set(inOrder.map((one) => one.release))]);
  }
  return { order, isWhole: looks.left > 0 };
}

async function releasesOf(server: ServerOptions, service: string, range: Range, looks: { left: number }): Promise<ReleaseSeen[]> {
  const look = async (startNs: bigint, endNs: bigint, forward: boolean): Promise<ReleaseSeen | undefined> => {
    if (looks.left <= 0) return undefined;
    looks.left--;
    const expr = `{service_name=${quoted(service)}} | service_version!=""`;
    const [line] = await queryLoki(server, { expr, startNs, endNs, limit: 1, forward });
    return line && { service, release: line.labels.service_version ?? '', timeNs: line.timeNs };
  };
  const [first, last] = [await look(range.startNs, range.endNs, true), await look(range.startNs, range.endNs, false)];
  if (!first || !last) return [];
  const found = [first, last];
  const between = async (a: ReleaseSeen, b: ReleaseSeen): Promise<void> => {
    if (a.release === b.release || b.timeNs - a.timeNs < NEAR_NS) return;
    const middleNs = a.timeNs + (b.timeNs - a.timeNs) / 2n;
    const after = await look(middleNs, b.timeNs, true);
    if (after) {
      found.push(after);
      await between(after, b);
    }
    // What is before the middle is of `a`, of the line after the middle, or of something between the two.
    const before = await look(a.timeNs, middleNs, false);
    if (before) {
      found.push(before);
      await between(a, before);
    }
  };
  await between(first, last);
  return found;
}
