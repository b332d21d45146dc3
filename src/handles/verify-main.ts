import { installHandles } from './install.ts';
import { leakMessage } from './leak-message.ts';
import { letGo } from './let-go.ts';
import { captureEverySite } from './origin.ts';
import { findLeaks, type LeakOptions } from './verdict.ts';

/** What {@link verifyMain} can be told beyond {@link LeakOptions}. */
export interface VerifyMainOptions extends LeakOptions {
  /** Looks for leaks also when `run` failed; default `false`: the failure is news enough. */
  readonly evenOnFailure?: boolean;
  /** Takes the exit code, after the look. */
  readonly onEnd?: (exitCode: number) => void;
}

/**
 * Runs a whole test program and fails it where something is left open (goleak's `VerifyTestMain`).
 *
 * Shape: `run` gives the exit code; returned, and set as `process.exitCode`, is that code, or 1 where it was 0 and something leaked.
 * Errors: what `run` throws is exit code 1. The leaks are written to standard error, and no longer hold the process: it ends with that code.
 *
 * @example
 * const former = process.exitCode;
 * const code = await verifyMain(() => 0, { settle: '1ms', ignore: ignoreCurrent() });
 * process.exitCode = former;
 * code === 0;
 */
export async function verifyMain(run: () => number | Promise<number>, options: VerifyMainOptions = {}): Promise<number> {
  const uninstall = installHandles();
  const release = captureEverySite();
  let exitCode: number;
  try {
    exitCode = await run();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    exitCode = 1;
  }
  if (exitCode === 0 || options.evenOnFailure) {
    const leaked = await findLeaks(options);
    if (leaked.length > 0) {
      process.stderr.write(`sonde: ${leakMessage(leaked)}\n`);
      letGo(leaked);
      if (exitCode === 0) exitCode = 1;
    }
  }
  release();
  uninstall();
  options.onEnd?.(exitCode);
  process.exitCode = exitCode;
  return exitCode;
}
