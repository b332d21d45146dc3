/** `sonde/express`: re-exports only. */
export type { ErrorAnswerOptions } from '../adapters/error-answer.ts';
export { errorHandler, trackRoutes } from '../adapters/express.ts';
