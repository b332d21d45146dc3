import { fork } from 'node:child_process';
import { join } from 'node:path';

/** Sends requests to `url` from another process, `perSecond` or as fast as they are answered; resolves with what autocannon saw. */
export function load(url, { seconds, connections = 50, perSecond = 0 }) {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'programs', 'load.mjs'), [url, String(seconds), String(connections), String(perSecond)], { execArgv: [] });
    child.on('message', resolve);
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the load ended with ${code}`)));
  });
}
