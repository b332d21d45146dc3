import { report } from '../errors/report.ts';

const REJECTION = 'unhandledRejection';

/**
 * Reports what ends the process, before Node does what it always does: the monitor event changes neither the message
 * nor the exit code, and comes for unhandled rejections too, but where something else was decided for them: by a flag, or
 * by a listener of the program.
 */
export function monitorErrors(): () => void {
  const onError = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    report(error, { mechanism: origin, handled: process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback() });
  };
  process.on('uncaughtExceptionMonitor', onError);
  const stop = joinRejections();
  return () => {
    process.off('uncaughtExceptionMonitor', onError);
    stop();
  };
}

/**
 * Reports rejections that do not end the process. A listener alone would keep it alive, so ours stands there only as
 * long as another one does, before it: the other may end the process. Returns what takes it away.
 */
function joinRejections(): () => void {
  const mode = rejectionMode();
  // There the monitor event comes first, whoever listens.
  if (mode === 'strict') return () => undefined;
  const changesNothing = mode === 'warn' || mode === 'none';
  const onRejection = (reason: unknown): void => {
    report(reason, { mechanism: REJECTION, handled: true }); // the program goes on
  };
  const isJoined = (): boolean => process.listeners(REJECTION).includes(onRejection);
  const onAdded = (event: string | symbol, listener: unknown): void => {
    if (event === REJECTION && listener !== onRejection && !isJoined()) process.prependListener(REJECTION, onRejection);
  };
  const onRemoved = (event: string | symbol): void => {
    if (event === REJECTION && !changesNothing && process.listenerCount(REJECTION) === 1) process.off(REJECTION, onRejection);
  };
  if (changesNothing || process.listenerCount(REJECTION) > 0) process.prependListener(REJECTION, onRejection);
  process.on('newListener', onAdded);
  process.on('removeListener', onRemoved);
  return () => {
    process.off('newListener', onAdded);
    process.off('removeListener', onRemoved);
    process.off(REJECTION, onRejection);
  };
}

/** What Node was told to do about rejections. */
function rejectionMode(): string | undefined {
  const flags = `${process.env['NODE_OPTIONS'] ?? ''} ${process.execArgv.join(' ')}`;
  return [...flags.matchAll(/--unhandled-rejections[= ](\S+)/g)].at(-1)?.[1];
}
