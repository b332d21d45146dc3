import { TraceBook } from '../admin/trace-book.ts';
import { DROP_REASONS, type DropReason, type LedgerReport } from '../core/records.ts';
import { setResource } from '../core/resource.ts';
import { OpenRequests } from '../http/open-requests.ts';
import { configureLogs } from '../logs/configure.ts';
import type { Config } from './config/config.ts';
import type { Telemetry } from './wiring.ts';

const NOTHING = {
  produced: 0,
  stored: 0,
  sent: 0,
  spooled: 0,
  pending: 0,
  dropped: Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>,
};
const EMPTY: LedgerReport = { span: NOTHING, log: NOTHING, error: NOTHING, metric: NOTHING };

/** Telemetry that is switched off: log lines are still written, because they are the application's, and nothing else is done. */
export function wireDisabled(config: Config): Telemetry {
  setResource(config.resource);
  const logs = configureLogs(config.logs);
  return {
    flush: async () => true,
    async end() {
      logs.close();
      return { flushed: 0, lost: 0 };
    },
    quiet: async () => {},
    ledger: () => EMPTY,
    traces: new TraceBook(() => 0),
    openRequests: new OpenRequests(),
  };
}
