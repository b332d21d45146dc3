import type { HandleType } from './kinds.ts';

/**
 * One thing that the process holds open.
 *
 * Units: `ageMs` and `idleMs` are milliseconds; `openedAt` is RFC 3339 UTC.
 */
export interface HandleInfo {
  /** Grows with each handle of the process. */
  readonly id: number;
  readonly type: HandleType;
  /** An address, a path, a delay, a name: what tells it from others of its type. */
  readonly detail: string | undefined;
  /**
   * `file:line:column` of the program's call that opened it (of a package's, where no frame is the program's); `undefined` where
   * the stack was not captured: it was opened before Sonde was installed, or is one of many short timers.
   */
  readonly site: string | undefined;
  /** The package that opened it: its name, `app` for the program, `node` for the platform, `unknown` without a site. */
  readonly package: string;
  /** The traced function or span that opened it. */
  readonly owner: string | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly openedAt: string;
  readonly ageMs: number;
  /** Since it was last used, as far as that can be told; the registry looks every 10 s. */
  readonly idleMs: number | undefined;
  /** Whether it keeps the process alive. */
  readonly holdsProcess: boolean;
  /** The call that closes it. */
  readonly close: string;
  /** `idle`: open for reuse, as a keep-alive socket. `forever`: a timer that ticks on though its owner has ended. */
  readonly state: 'open' | 'idle' | 'forever';
  /** Why, where there is more to say. */
  readonly note: string | undefined;
}
