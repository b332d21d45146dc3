import type { ErrorRecord } from '../core/records.ts';
import { fingerprint } from './fingerprint.ts';
import { sameAs } from './fold.ts';
import { withoutOwnFrames } from './own-frames.ts';
import { symbolicateStack } from './symbolicate.ts';

/**
 * Finishes a record as the journal has it: source-mapped stack, fingerprint. It is slow work (files are read, a hash is
 * made), so the worker and the command line do it, not the thread of the application. A finished record stays as it is.
 */
export function completeRecord(record: ErrorRecord): ErrorRecord {
  if (record['sonde.error.fingerprint'] !== undefined) return record;
  const whole = sameAs(record);
  if (whole !== undefined) return { ...record, 'sonde.error.fingerprint': fingerprints.get(whole) ?? '' };
  const complete = completeWhole(record);
  if (fingerprints.size >= MAX_REMEMBERED) fingerprints.delete(fingerprints.keys().next().value as string);
  fingerprints.set(record['error.id'], complete['sonde.error.fingerprint']);
  return complete;
}

/** The fingerprints of the last whole records, for the compact ones that refer to them; the store knows older ones. */
const fingerprints = new Map<string, string>();
const MAX_REMEMBERED = 1_000;

function completeWhole(record: ErrorRecord): ErrorRecord {
  const stack = symbolicateStack(withoutOwnFrames(record['exception.stacktrace'] ?? ''));
  return {
    ...record,
    'exception.stacktrace': stack,
    'sonde.error.fingerprint': fingerprint({
      type: record['error.type'],
      code: record['error.code'],
      message: record['exception.message'] ?? record.message,
      stack,
      chain: record['sonde.error.chain'] as readonly string[] | undefined,
    }),
  };
}
