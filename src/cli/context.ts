import type { Lookup } from '../store/lookup.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Style } from './output/style.ts';

/** Where a command reads and writes; the tests give their own. */
export interface CliIo {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  now(): number;
  /** Ends what follows (`--follow`); never aborted by default. */
  readonly stop?: AbortSignal;
  /** Told that the process is to end with the command, whatever holds it open: a module of the application that was imported. */
  endAtOnce?(): void;
}

/** What every command is given. */
export interface CliContext {
  readonly io: CliIo;
  readonly json: boolean;
  readonly dir: string;
  /** Where look-ups go, for messages: the folder, or the servers of the stack. */
  readonly place: string;
  readonly style: Style;
  /** Columns of the terminal, 120 where there is none. */
  readonly width: number;
  /** For tables: the same, but without end on a pipe, where nothing may be cut. */
  readonly tableWidth: number;
  /** Prints a block of text that is safe to show. */
  print(text: string): void;
  /** Ends with this code although nothing is to be said. */
  exit(code: ExitCode): void;
  /** Prints the one JSON document, or one line of NDJSON. */
  printJson(value: unknown, compact?: boolean): void;
  /** Opens the place of look-ups for as long as `use` runs. */
  lookup<T>(use: (lookup: Lookup) => Promise<T>): Promise<T>;
}
