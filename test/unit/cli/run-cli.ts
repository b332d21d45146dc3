import { run } from '../../../src/cli/program.ts';

export interface CliRun {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process, as on a pipe; `onOut` sees all that it has written so far. */
export async function cli(
  argv: readonly string[],
  over: { env?: Record<string, string>; isTTY?: boolean; columns?: number; nowMs?: number; stop?: AbortSignal; onOut?: (out: string) => void } = {},
): Promise<CliRun> {
  const out: string[] = [];
  const err: string[] = [];
  const exit = await run(argv, {
    stdout: { write: (text) => (out.push(text), over.onOut?.(out.join(''))), isTTY: over.isTTY ?? false, ...(over.columns ? { columns: over.columns } : {}) },
    stderr: { write: (text) => err.push(text) },
    env: over.env ?? {},
    now: () => over.nowMs ?? Date.now(),
    ...(over.stop ? { stop: over.stop } : {}),
  });
  return { exit, out: out.join(''), err: err.join('') };
}
