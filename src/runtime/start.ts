import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duration } from '../core/duration.ts';
import type { Config } from './config/config.ts';
import { resolveConfig } from './config/resolve.ts';
import type { StartOptions } from './config/start-options.ts';
import type { ShutdownReport } from './shutdown-report.ts';

/** Telemetry of this process, as {@link start} gives it. */
export interface Sonde extends AsyncDisposable {
  /** The admin pages: a handler of `node:http`, also for `app.use('/admin', sonde.admin)`. */
  readonly admin: (request: IncomingMessage, response: ServerResponse) => void;
  /** The port of the own admin server; `undefined` without one. */
  readonly adminPort: number | undefined;
  /** The configuration in force. */
  readonly config: Config;
  /** Brings what was made so far home; answers whether all of it is. Default limit: `2s`. */
  flush(options?: { readonly within?: Duration }): Promise<boolean>;
  /** Ends telemetry: `/readyz` answers 503, records are brought home, nothing is watched any more. Default limit: `5s`. */
  shutdown(options?: { readonly within?: Duration }): Promise<ShutdownReport>;
}

/** {@link Sonde} with the hook by which its starter learns that it ended. */
export interface OpenSonde extends Sonde {
  onEnd(fn: () => void): void;
}

/** The one that runs; two copies of this package in a process see each other. */
const RUNNING = Symbol.for('sonde.running');
interface Running {
  readonly service: string;
  /** Started by `sonde/register`; a start by the program replaces it. */
  readonly preloaded: boolean;
  readonly sonde: Promise<OpenSonde>;
}
type Global = { [RUNNING]?: Running | undefined };

/**
 * Starts telemetry: spans, metrics, logs and errors go to the embedded store in `.sonde/`, or to an OTLP receiver.
 *
 * Shape: resolves when everything is joined. A second start while one runs rejects with an `Error`; a start of the
 * program replaces the one of `sonde/register`.
 * Errors: rejects with `ConfigError`, which lists every problem of options and environment. What the machine lacks (a
 * folder that cannot be written, a port in use, a receiver that is down) is one line on stderr, and the program runs on.
 *
 * @example
 * const sonde = await start({ service: 'docs', dir: '/tmp/sonde-docs', logs: { level: 'off' } });
 * const { lost } = await sonde.shutdown({ within: '5s' });
 * lost === 0;
 */
export function start(options?: StartOptions): Promise<Sonde> {
  return begin(options);
}

/** {@link start} for `sonde/register`: `open` is at hand, so that everything is in place when this returns its promise. */
export function startPreloaded(open: (config: Config) => Promise<OpenSonde>): Promise<Sonde> {
  const config = resolveConfig(undefined);
  return hold({ service: config.service, preloaded: true, sonde: open(config) });
}

async function begin(options: StartOptions | undefined): Promise<Sonde> {
  const config = resolveConfig(options);
  const former = (globalThis as Global)[RUNNING];
  if (former && !former.preloaded) {
    throw new Error(`Cannot start "${config.service}": telemetry of "${former.service}" runs in this process already, expected its shutdown() first`);
  }
  return hold({ service: config.service, preloaded: false, sonde: replace(former, config) });
}

async function replace(former: Running | undefined, config: Config): Promise<OpenSonde> {
  if (former) await (await former.sonde).shutdown();
  // Loaded here, so that programs that only use the vocabulary do not pay for it.
  const { openSonde } = await import('./open-sonde.ts');
  return openSonde(config);
}

/** Keeps what runs until it ends. */
async function hold(running: Running): Promise<Sonde> {
  const global = globalThis as Global;
  global[RUNNING] = running;
  const over = (): void => {
    if (global[RUNNING] === running) global[RUNNING] = undefined;
  };
  try {
    const sonde = await running.sonde;
    sonde.onEnd(over);
    return sonde;
  } catch (error) {
    over();
    throw error;
  }
}
