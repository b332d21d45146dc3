import type { Dashboard } from './dashboard.ts';
import { ERROR_LOOKUP, ERRORS } from './errors.ts';
import { HANDLES, LEDGER, LOGS, RUNTIME, STACK } from './process.ts';
import { RESILIENCE } from './resilience.ts';
import { FUNCTIONS, SERVICE_OVERVIEW } from './service.ts';

/** Every dashboard of the stack. */
export const DASHBOARDS: readonly Dashboard[] = [ERROR_LOOKUP, SERVICE_OVERVIEW, ERRORS, FUNCTIONS, RUNTIME, HANDLES, RESILIENCE, LOGS, LEDGER, STACK];
