import { ConfigError } from '../../runtime/config/config-error.ts';
import { resolveConfig } from '../../runtime/config/resolve.ts';
import { bad, type Finding, ok } from './finding.ts';

/** The environment, read as `start()` reads it. */
export function checkConfiguration(env: Readonly<Record<string, string | undefined>>): Finding[] {
  try {
    const config = resolveConfig(undefined, env);
    const target = config.otlp ? `records are sent to ${new URL(config.otlp.tracesUrl).origin}` : 'records stay in the embedded store';
    return [ok('configuration', config.disabled ? 'Sonde is switched off (OTEL_SDK_DISABLED)' : target)];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => bad('configuration', problem));
    throw error;
  }
}
