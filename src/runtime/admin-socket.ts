import { chmodSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { trustFileOf } from '../admin/guard.ts';
import type { AdminHandler } from '../admin/handler.ts';
import { makeFolder } from '../core/make-folder.ts';
import { isRunning } from '../errors/journal-reader.ts';
import { type AdminServer, type OnRefused, openAdminServer } from './admin-server.ts';

const MAX_PATH_BYTES = 100; // the system's limit is 104 to 108 bytes

/**
 * Serves the admin pages on `<dir>/run/<pid>.sock`, where the CLI finds them. Only the user of the process can open it, so
 * that it needs no token. Where the path is too long or the folder cannot be written there is none: the CLI then takes a URL.
 */
export async function openAdminSocket(handler: AdminHandler, dir: string, onRefused: OnRefused): Promise<AdminServer | undefined> {
  const folder = join(dir, 'run');
  const path = join(folder, `${process.pid}.sock`);
  if (!isMainThread || process.platform === 'win32' || Buffer.byteLength(path) > MAX_PATH_BYTES) return undefined;
  try {
    makeFolder(folder);
    removeStale(folder);
  } catch {
    return undefined; // the journal has said that the folder cannot be written
  }
  const opened = await openAdminServer(handler, { path }, onRefused);
  const remove = (): void => removeFile(path);
  if (!opened.server.listening) return undefined;
  chmodSync(path, 0o600);
  trustFileOf(opened.server);
  process.on('exit', remove);
  return {
    ...opened,
    async close() {
      process.off('exit', remove);
      await opened.close();
      remove();
    },
  };
}

/** Files of processes that are gone, and one of a process that had our number before. */
function removeStale(folder: string): void {
  for (const name of readdirSync(folder)) {
    const match = /^(\d{1,10})\.sock$/.exec(name);
    if (match && (Number(match[1]) === process.pid || !isRunning(Number(match[1]), Date.now()))) removeFile(join(folder, name));
  }
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already.
  }
}
