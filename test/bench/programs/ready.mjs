import { writeSync } from 'node:fs';

/** Says how much CPU the process has used so far, and ends it at once: what comes after is not start-up. */
export function ready() {
  const { user, system } = process.cpuUsage();
  writeSync(1, `ready ${user + system}\n`);
  process.reallyExit(0);
}
