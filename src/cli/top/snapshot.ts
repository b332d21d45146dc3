import { askJson, type RunningProcess, refused } from '../process-client.ts';
import { parseExposition, type Sample } from './exposition.ts';

/** What limits a process, as it says itself. */
export interface Bottleneck {
  /** `cpu`, `memory`, `disk`, `network` or `none`. */
  readonly resource: string;
  readonly why: string;
}

/** A process at one moment. */
export interface Snapshot {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  readonly service: string;
  readonly pid: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly bottleneck: Bottleneck | undefined;
  readonly samples: readonly Sample[];
}

interface Facts {
  readonly service?: string;
  readonly pid?: number;
  readonly rssBytes?: number;
  readonly heapUsedBytes?: number;
  readonly bottleneck?: Bottleneck;
}

/** Asks a process how it is. */
export async function takeSnapshot(target: RunningProcess): Promise<Snapshot> {
  const facts = (await askJson(target, 'GET', '/debug?format=json')) as Facts;
  const page = await target.request('GET', '/metrics', { accept: 'text/plain' });
  if (page.status !== 200) throw refused(target, '/metrics', page.status, page.body.toString('utf8'));
  return {
    atMs: performance.now(),
    service: facts.service ?? '',
    pid: facts.pid ?? 0,
    rssBytes: facts.rssBytes ?? 0,
    heapUsedBytes: facts.heapUsedBytes ?? 0,
    bottleneck: facts.bottleneck,
    samples: parseExposition(page.body.toString('utf8')),
  };
}
