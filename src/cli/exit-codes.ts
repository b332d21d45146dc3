/** The exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** What was asked for is not there. */
  notFound: 1,
  /** The command was typed wrong. */
  usage: 2,
  /** The store, process or server cannot be reached. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with one line and an exit code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exit: ExitCode;
  /** For `--json`. */
  readonly code: string;

  constructor(exit: ExitCode, code: string, message: string) {
    super(message);
    this.exit = exit;
    this.code = code;
  }
}

export function notFound(message: string): CliError {
  return new CliError(EXIT.notFound, 'not_found', message);
}

export function wrongUsage(message: string): CliError {
  return new CliError(EXIT.usage, 'usage', message);
}

export function unreachable(message: string, code = 'unreachable'): CliError {
  return new CliError(EXIT.unreachable, code, message);
}
