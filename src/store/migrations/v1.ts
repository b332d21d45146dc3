import { ERROR_GROUPS } from '../schema/error-groups.ts';
import { ERRORS, ERRORS_BY_GROUP, ERRORS_BY_TIME, ERRORS_BY_TRACE } from '../schema/errors.ts';
import { LOGS, LOGS_BY_TIME, LOGS_BY_TRACE, LOGS_SEVERE } from '../schema/logs.ts';
import { RESOURCES } from '../schema/resources.ts';
import { ROLLUPS } from '../schema/rollups.ts';
import { SPANS } from '../schema/spans.ts';

/** The first schema. */
export const V1: readonly string[] = [
  RESOURCES,
  SPANS,
  LOGS,
  LOGS_BY_TIME,
  LOGS_BY_TRACE,
  LOGS_SEVERE,
  ERRORS,
  ERRORS_BY_TIME,
  ERRORS_BY_TRACE,
  ERRORS_BY_GROUP,
  ERROR_GROUPS,
  ROLLUPS,
];
