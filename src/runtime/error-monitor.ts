import { report } from '../errors/report.ts';

/**
 * Reports what ends the process, before Node does what it always does: the monitor event changes neither the message
 * nor the exit code, and comes for unhandled rejections too, but where Node was told not to end for them.
 */
export function monitorErrors(): () => void {
  const onError = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    report(error, { mechanism: origin, handled: process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback() });
  };
  process.on('uncaughtExceptionMonitor', onError);
  if (!onlyWarnsOfRejections()) return () => void process.off('uncaughtExceptionMonitor', onError);
  const onRejection = (reason: unknown): void => {
    report(reason, { mechanism: 'unhandledRejection', handled: true }); // the program goes on
  };
  process.on('unhandledRejection', onRejection);
  return () => {
    process.off('uncaughtExceptionMonitor', onError);
    process.off('unhandledRejection', onRejection);
  };
}

/** Whether rejections end nothing (`--unhandled-rejections=warn`): then a listener changes nothing, while otherwise it would keep the process alive. */
function onlyWarnsOfRejections(): boolean {
  const flags = `${process.env['NODE_OPTIONS'] ?? ''} ${process.execArgv.join(' ')}`;
  const mode = [...flags.matchAll(/--unhandled-rejections[= ](\S+)/g)].at(-1)?.[1];
  return mode === 'warn' || mode === 'none';
}
