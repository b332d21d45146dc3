import type { ErrorRecord } from '../core/records.ts';
import { fingerprint } from './fingerprint.ts';
import { symbolicateStack } from './symbolicate.ts';

/**
 * Finishes a record as the journal has it: source-mapped stack, fingerprint. It is slow work (files are read, a hash is
 * made), so the worker and the command line do it, not the thread of the application. A finished record stays as it is.
 */
export function completeRecord(record: ErrorRecord): ErrorRecord {
  if (record['sonde.error.fingerprint'] !== undefined) return record;
  const stack = symbolicateStack(record['exception.stacktrace'] ?? '');
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
