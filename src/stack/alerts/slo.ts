import type { AlertGroup } from './alert.ts';
import { errorRatios, SLO_TEST_STEP, sloAlerts } from './slo-alerts.ts';
import { shownLimit } from './slo-limit.ts';
import { FUNCTION_SLO, ROUTE_SLO } from './slo-subject.ts';

const SUBJECTS = [FUNCTION_SLO, ROUTE_SLO];

/** What was promised for functions and routes, as long as a process runs that shows it. */
export const SLO_ALERTS: AlertGroup = {
  name: 'sonde-slo',
  title: 'Objectives',
  testStep: SLO_TEST_STEP,
  recordings: SUBJECTS.flatMap(errorRatios),
  alerts: SUBJECTS.flatMap((subject) => sloAlerts(subject, shownLimit(subject))),
};
