import type { HandleInfo } from './handle-info.ts';
import { releaseImmediates } from './immediates.ts';
import { installHandles } from './install.ts';
import { openEntries, timerLog } from './registry.ts';

/** Makes handles stop holding the process, so that a test run that has reported them can end. They stay open. */
export function letGo(handles: readonly HandleInfo[]): void {
  const ids = new Set(handles.map(({ id }) => id));
  for (const { entry, handle } of openEntries()) if (ids.has(entry.id)) unref(handle);
  for (const { id, timer } of timerLog().open()) if (ids.has(id)) unref(timer);
  // A repeating immediate is a new one each time: the patch that sees it must outlive the guard that has reported it.
  if (!releaseImmediates(ids) || arePatchesKept) return;
  arePatchesKept = true;
  installHandles();
}
let arePatchesKept = false;

function unref(handle: object): void {
  const known = handle as { unref?: () => unknown; _handle?: { unref?: () => unknown } | null; stdio?: unknown };
  // The pipes to a child hold the process as well.
  if (Array.isArray(known.stdio)) for (const pipe of known.stdio) if (typeof pipe === 'object' && pipe !== null) unref(pipe);
  if (typeof known.unref === 'function') known.unref();
  else known._handle?.unref?.();
}
