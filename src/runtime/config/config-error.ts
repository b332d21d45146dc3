/**
 * The configuration holds mistakes; `problems` names every one, a line each.
 *
 * @example
 * const error = new ConfigError(['SONDE_ADMIN_PORT is "x", expected a port from 0 to 65535']);
 * error.code === 'SONDE_CONFIG';
 */
export class ConfigError extends Error {
  readonly code = 'SONDE_CONFIG';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `Cannot start Sonde: ${problems.length === 1 ? 'one problem' : `${problems.length} problems`} in its configuration\n${problems.map((line) => `  ${line}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
