import type { Config } from './config/config.ts';
import { resolveConfig } from './config/resolve.ts';
import type { StartOptions } from './config/start-options.ts';
import { keepTickShape } from './keep-tick-shape.ts';
import type { OpenSonde, Sonde } from './sonde.ts';

/** The one that runs; two copies of this package in a process see each other. */
const RUNNING = Symbol.for('sonde.running');
interface Running {
  readonly service: string;
  /** Started by `sonde/register`; a start by the program replaces it. */
  readonly preloaded: boolean;
  readonly sonde: Promise<OpenSonde>;
}
/** A receiver that does not answer must not hold up the program's start: what is not sent by then, the new start sends from the spool. */
const REPLACED_WITHIN = '500ms';
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
  keepTickShape();
  const config = resolveConfig(undefined);
  return hold({ service: config.service, preloaded: true, sonde: open(config) });
}

async function begin(options: StartOptions | undefined): Promise<Sonde> {
  keepTickShape();
  const config = resolveConfig(options);
  const former = (globalThis as Global)[RUNNING];
  if (former && !former.preloaded) {
    throw new Error(`Cannot start "${config.service}": telemetry of "${former.service}" runs in this process already, expected its shutdown() first`);
  }
  return hold({ service: config.service, preloaded: false, sonde: replace(former, config) });
}

async function replace(former: Running | undefined, config: Config): Promise<OpenSonde> {
  if (former) await (await former.sonde).shutdown({ within: REPLACED_WITHIN });
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
