import { afterEach, beforeEach } from 'vitest';
import { watchResilience } from '../../../src/runtime/resilience-metrics.ts';
import { type RecordedTelemetry, recordTelemetry } from '../../../src/testing/record-telemetry.ts';

/** A recording for each test of a file, with the metrics of the resilience wrappers. */
export function recordEach(): { readonly now: RecordedTelemetry } {
  let now: RecordedTelemetry;
  let unwatch: () => void;
  beforeEach(async () => {
    now = await recordTelemetry({ openTelemetry: false });
    unwatch = watchResilience();
  });
  afterEach(async () => {
    unwatch();
    await now.stop();
  });
  return {
    get now() {
      return now;
    },
  };
}
