import * as logfire from 'logfire';
import { startTracing } from './opentelemetry.mjs';
import { work, workAsync } from './work.mjs';

/** logfire's own wrapper, on the same OpenTelemetry set-up. */
export function calls({ asynchronous, sampled }) {
  const sdk = startTracing({ sampled });
  const op = logfire.instrument(asynchronous ? workAsync : work, { message: 'work' });
  return { asynchronous, op, ...sdk };
}
