/** `sonde/jest`: re-exports only. The default is the environment, as jest wants it. */
export { default } from '../adapters/jest.ts';
