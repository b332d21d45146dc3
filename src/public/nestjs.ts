/** `sonde/nestjs`: re-exports only. */
export type { ErrorAnswerOptions } from '../adapters/error-answer.ts';
export { SondeExceptionFilter, SondeInterceptor } from '../adapters/nestjs.ts';
