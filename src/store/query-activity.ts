import { type Day, dayOf } from './day-files.ts';
import type { Activity, ActivityPoint, ActivityQuery, OperationCount } from './lookup.ts';
import type { ReadFiles } from './read-files.ts';
import type { SqlRow } from './sqlite.ts';

const MINUTE_MS = 60_000;
const MAX_POINTS = 1_500; // a minute each for a day; what a chart can show
const MAX_OPERATIONS = 50;

const POINTS = `
SELECT minute / ? AS step, signal, sum(count) AS count, sum(failed) AS failed FROM rollups
WHERE minute >= ? AND minute < ? GROUP BY 1, 2`;

const OPERATIONS = `
SELECT key, sum(count) AS count, sum(failed) AS failed, sum(sum_ms) AS sum_ms, max(max_ms) AS max_ms FROM rollups
WHERE minute >= ? AND minute < ? AND signal = 'span' GROUP BY 1 ORDER BY sum_ms DESC LIMIT ${MAX_OPERATIONS}`;

/** Counts from the minute roll-ups: over time, and by span name. */
export function readActivity(files: ReadFiles, { sinceMs, untilMs, stepMs }: ActivityQuery): Activity {
  const step = Math.max(1, Math.round(stepMs / MINUTE_MS), Math.ceil((untilMs - sinceMs) / MINUTE_MS / MAX_POINTS));
  const from = Math.floor(sinceMs / MINUTE_MS / step) * step;
  const to = Math.ceil(untilMs / MINUTE_MS);
  const points = emptyPoints(from, to, step);
  const operations = new Map<string, OperationCount>();
  for (const day of files.days()) {
    if (!within(day, sinceMs, untilMs)) continue;
    const rows = files.read(day, (file) => ({ points: file.all(POINTS, step, from, to), operations: file.all(OPERATIONS, from, to) }));
    for (const row of rows?.points ?? []) addPoint(points, row, step);
    for (const row of rows?.operations ?? []) addOperation(operations, row);
  }
  const byTime = [...operations.values()].sort((a, b) => b.count * b.meanMs - a.count * a.meanMs);
  return { stepMs: step * MINUTE_MS, points: [...points.values()], operations: byTime.slice(0, MAX_OPERATIONS) };
}

/** Minutes without a record count too. */
function emptyPoints(from: number, to: number, step: number): Map<number, ActivityPoint> {
  const points = new Map<number, ActivityPoint>();
  for (let minute = from; minute < to; minute += step) points.set(minute, { timeMs: minute * MINUTE_MS, spans: 0, failed: 0, logs: 0, errors: 0 });
  return points;
}

function addPoint(points: Map<number, ActivityPoint>, row: SqlRow, step: number): void {
  const at = Number(row.step) * step;
  const former = points.get(at);
  if (former === undefined) return;
  const count = Number(row.count);
  points.set(at, {
    ...former,
    spans: former.spans + (row.signal === 'span' ? count : 0),
    failed: former.failed + Number(row.failed),
    logs: former.logs + (row.signal === 'log' ? count : 0),
    errors: former.errors + (row.signal === 'error' ? count : 0),
  });
}

function addOperation(operations: Map<string, OperationCount>, row: SqlRow): void {
  const name = String(row.key);
  const former = operations.get(name);
  const count = (former?.count ?? 0) + Number(row.count);
  const sumMs = (former ? former.meanMs * former.count : 0) + Number(row.sum_ms);
  operations.set(name, {
    name,
    count,
    failed: (former?.failed ?? 0) + Number(row.failed),
    meanMs: sumMs / count,
    maxMs: Math.max(former?.maxMs ?? 0, Number(row.max_ms)),
  });
}

/** A record whose time is out of bounds lies in the file of the day it came. */
function within(day: Day, sinceMs: number, untilMs: number): boolean {
  return day >= dayOf(sinceMs) && Date.parse(day) < untilMs;
}
