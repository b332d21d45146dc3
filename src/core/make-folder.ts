import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

const OWN_ONLY = 0o700;

/**
 * Makes a folder and those above it, for this user only unless `mode` says otherwise. `mkdirSync` with `recursive` goes round for ever in a file system that says
 * "no such folder" to the making of one (`/proc`, some network mounts); this throws what the system says.
 */
export function makeFolder(path: string, mode = OWN_ONLY): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    const above = dirname(path);
    if (code !== 'ENOENT' || above === path) throw error;
    makeFolder(above, mode);
    makeOnce(path, mode);
  }
}

/** Another process may have made it meanwhile. */
function makeOnce(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
