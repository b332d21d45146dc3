import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duration } from '../core/duration.ts';
import type { LedgerReport } from '../core/records.ts';
import type { Config } from './config/config.ts';
import type { ShutdownReport } from './shutdown-report.ts';

/** Telemetry of this process, as `start()` gives it. */
export interface Sonde extends AsyncDisposable {
  /** The admin pages: a handler of `node:http`, also for `app.use('/admin', sonde.admin)`. */
  readonly admin: (request: IncomingMessage, response: ServerResponse) => void;
  /** The port of the own admin server; `undefined` without one. */
  readonly adminPort: number | undefined;
  /** The configuration in force. */
  readonly config: Config;
  /** What became of every record so far, by signal: `produced = stored + sent + spooled + pending + Σ dropped`. */
  ledger(): LedgerReport;
  /** Brings what was made so far home; answers whether all of it is. Default limit: `2s`. */
  flush(options?: { readonly within?: Duration }): Promise<boolean>;
  /** Ends telemetry: `/readyz` answers 503, records are brought home, nothing is watched any more. Default limit: `5s`. */
  shutdown(options?: { readonly within?: Duration }): Promise<ShutdownReport>;
}

/** {@link Sonde} with the hook by which its starter learns that it ended. */
export interface OpenSonde extends Sonde {
  onEnd(fn: () => void): void;
}
