import { report } from '../errors/report.ts';

/**
 * Reports what ends the process, before Node does what it always does: the monitor event changes neither the message
 * nor the exit code, and comes for unhandled rejections too.
 */
export function monitorErrors(): () => void {
  const onError = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    report(error, { mechanism: origin, handled: process.listenerCount('uncaughtException') > 0 });
  };
  process.on('uncaughtExceptionMonitor', onError);
  return () => {
    process.off('uncaughtExceptionMonitor', onError);
  };
}
