/** `sonde/hono`: re-exports only. */
export type { ErrorAnswerOptions } from '../adapters/error-answer.ts';
export { type HonoHandlers, type HonoOptions, sondeHono } from '../adapters/hono.ts';
