import { afterEach, beforeEach } from 'vitest';
import { type RecordedTelemetry, recordTelemetry } from '../../src/testing/record-telemetry.ts';

/** A recording for each test of a file. */
export function recordEach(): { readonly now: RecordedTelemetry } {
  let now: RecordedTelemetry;
  beforeEach(async () => {
    now = await recordTelemetry({ openTelemetry: false });
  });
  afterEach(() => now.stop());
  return {
    get now() {
      return now;
    },
  };
}
