import type { AlertGroup } from './alert.ts';
import { ERROR_ALERTS } from './errors.ts';
import { PROCESS_ALERTS } from './process.ts';
import { RESILIENCE_ALERTS } from './resilience.ts';
import { SLO_ALERTS } from './slo.ts';
import { TELEMETRY_ALERTS } from './telemetry.ts';

/** Every alert of the stack, by group. */
export const ALERT_GROUPS: readonly AlertGroup[] = [SLO_ALERTS, ERROR_ALERTS, PROCESS_ALERTS, RESILIENCE_ALERTS, TELEMETRY_ALERTS];
