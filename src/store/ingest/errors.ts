import type { ErrorRecord } from '../../core/records.ts';
import { sameAs } from '../../errors/fold.ts';
import type { DayFile } from '../day-file.ts';
import { resourceNumber } from './resources.ts';
import { Rollup } from './rollup.ts';

const INSERT = `
INSERT OR IGNORE INTO errors (error_id, time_ms, fingerprint, kind, type, service, trace_id, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

const AMEND = `
UPDATE errors SET fingerprint = ?, kind = ?, type = ?, record = ? WHERE error_id = ?`;

const UNGROUP = `
UPDATE error_groups SET count = count - 1 WHERE fingerprint = ? AND service = ? AND release = ? AND count > 0`;

const GROUP = `
INSERT INTO error_groups (fingerprint, service, release, first_ms, last_ms, count, kind, type, message, last_error_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
  first_ms = min(first_ms, excluded.first_ms),
  count = count + excluded.count,
  message = iif(excluded.last_ms >= last_ms, excluded.message, message),
  last_error_id = iif(excluded.last_ms >= last_ms, excluded.last_error_id, last_error_id),
  last_ms = max(last_ms, excluded.last_ms)`;

/** The time of occurrence of a record. */
export function errorTimeMs(record: ErrorRecord): number {
  return Date.parse(record.timestamp);
}

/**
 * Adds error records to a file, inside a transaction. A record whose ID is there already changes nothing, unless it says
 * that it amends: the failure was wrapped later and the wrapper's record knows more.
 */
export function insertErrors(file: DayFile, records: readonly ErrorRecord[]): void {
  const insert = file.prepare(INSERT);
  const group = file.prepare(GROUP);
  const rollup = new Rollup(file, 'error');
  for (const given of records) {
    const record = withFingerprint(file, given);
    const id = record['error.id'];
    const timeMs = errorTimeMs(record);
    const service = text(record['service.name']);
    const release = text(record['service.version']);
    const { 'sonde.error.fingerprint': fingerprint, 'sonde.error.kind': kind, 'error.type': type } = record;
    const { changes } = insert.run(id, timeMs, fingerprint, kind, type, service, record.trace_id ?? null, JSON.stringify(record));
    if (Number(changes) === 0 && !amend(file, record, service, release)) continue;
    group.run(fingerprint, service, release, timeMs, timeMs, 1, kind, type, record.message.slice(0, 300), id);
    rollup.add(timeMs, type, resourceNumber(file, { 'service.name': service, 'service.version': release }));
  }
  rollup.write();
}

/** Puts a fuller record in the place of the one that was first; true where it belongs to another group than that one. */
function amend(file: DayFile, record: ErrorRecord, service: string, release: string): boolean {
  if (record['sonde.error.amends'] !== true) return false;
  const { 'error.id': id, 'sonde.error.fingerprint': fingerprint, 'sonde.error.kind': kind, 'error.type': type } = record;
  const former = file.prepare('SELECT fingerprint FROM errors WHERE error_id = ?').get(id)?.['fingerprint'];
  file.prepare(AMEND).run(fingerprint, kind, type, JSON.stringify(record), id);
  if (former === undefined || former === fingerprint) return false;
  file.prepare(UNGROUP).run(former, service, release);
  return true;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A compact record belongs to the group of the whole one that it refers to, which was written in the second before. */
function withFingerprint(file: DayFile, record: ErrorRecord): ErrorRecord {
  const whole = sameAs(record);
  if (whole === undefined || record['sonde.error.fingerprint'] !== '') return record;
  const found = file.prepare('SELECT fingerprint FROM errors WHERE error_id = ?').get(whole)?.['fingerprint'];
  return { ...record, 'sonde.error.fingerprint': text(found) };
}
