import { accessSync, constants, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { abandonedJournals, readJournal } from '../../errors/journal-reader.ts';
import { dayPath, fileBytes, listDays, listSetAside, storeFolder } from '../../store/day-files.ts';
import { storeFailure } from '../../store/failure.ts';
import { openReader } from '../../store/query.ts';
import { ReadFile } from '../../store/read-file.ts';
import { bad, type Finding, ok, showBytes, warning } from './finding.ts';

const LOW_DISK_BYTES = 200_000_000; // a day of a small service

/** The folder of the store: its files, the disk, and what dead processes left. */
export async function checkStore(dir: string): Promise<Finding[]> {
  try {
    accessSync(dir, constants.W_OK | constants.R_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return [
      missing
        ? warning('store', `no folder "${dir}" yet: a program that uses Sonde makes it; or name another with --dir or SONDE_DIR`)
        : bad('store', `the folder "${dir}" cannot be written: make it writable, or set SONDE_DIR`),
    ];
  }
  return [...checkDays(dir), checkDisk(dir), ...(await checkJournals(dir))];
}

function checkDays(dir: string): Finding[] {
  let days: string[];
  try {
    days = listDays(dir);
  } catch {
    return [warning('store', `no store in "${storeFolder(dir)}" yet`)];
  }
  const findings = days.flatMap((day) => {
    const problem = problemOf(dir, day);
    return problem === undefined ? [] : [bad('store', problem)];
  });
  const bytes = days.reduce((sum, day) => sum + fileBytes(dayPath(dir, day)), 0);
  if (findings.length === 0)
    findings.push(
      ok(
        'store',
        days.length === 0 ? 'no records yet' : `${days.length === 1 ? days[0] : `${days.length} days from ${days[0]} to ${days.at(-1)}`}, ${showBytes(bytes)}`,
      ),
    );
  const damaged = listSetAside(dir).filter(({ path }) => !/-(?:wal|shm)$/.test(path));
  if (damaged.length > 0)
    findings.push(warning('store', `${damaged.length} damaged files were set aside (${damaged[0]?.path}): delete them when nobody needs them`));
  return findings;
}

/** Opens the file and asks SQLite to look at its structure, up to the first thing that is wrong. */
function problemOf(dir: string, day: string): string | undefined {
  try {
    const file = new ReadFile(dir, day);
    try {
      const found = file.get('PRAGMA quick_check(1)')?.['quick_check'];
      return found === 'ok' ? undefined : `"${file.path}" is damaged (${String(found)}): the next write sets it aside`;
    } finally {
      file.close();
    }
  } catch (error) {
    const failure = storeFailure('read', dayPath(dir, day), error);
    return failure.code === 'missing' ? undefined : failure.message;
  }
}

function checkDisk(dir: string): Finding {
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  return free < LOW_DISK_BYTES
    ? warning('disk', `only ${showBytes(free)} are free under "${dir}": make room, or lower start({ retention: { bytes } })`)
    : ok('disk', `${showBytes(free)} free`);
}

/** Errors of processes that were killed and that nobody has stored since. */
async function checkJournals(dir: string): Promise<Finding[]> {
  const reader = openReader(dir);
  let waiting = 0;
  for (const { path } of abandonedJournals(dir)) {
    for (const record of readJournal(path).records) {
      const stored = await reader.error(record['error.id']).catch(() => undefined);
      if (stored === undefined) waiting++;
    }
  }
  await reader.close();
  if (waiting === 0) return [ok('journal', 'no errors wait to be stored')];
  return [
    warning(
      'journal',
      `${waiting === 1 ? '1 error' : `${waiting} errors`} of processes that ended wait in "${join(dir, 'journal')}": they can be looked up, and the next start() stores them`,
    ),
  ];
}
