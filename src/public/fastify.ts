/** `sonde/fastify`: re-exports only. */
export type { ErrorAnswerOptions } from '../adapters/error-answer.ts';
export { sondeFastify } from '../adapters/fastify.ts';
