import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A service of the demo: a real process of its own, whose output is kept. */
export interface Service {
  readonly urls: Readonly<Record<string, string>>;
  /** Lines of its stdout, oldest first. */
  readonly lines: string[];
  stop(): Promise<number | null>;
}

const START_LIMIT_MS = 15_000; // a cold start takes under one second; a slow CI machine may need ten times that

export async function startService(file: string, env: Record<string, string>): Promise<Service> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const lines: string[] = [];
  collectLines(child, lines);
  const urls = await announced(child, file);
  child.disconnect();
  return {
    urls,
    lines,
    async stop() {
      if (child.exitCode !== null) return child.exitCode;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = await exit;
      return code as number | null;
    },
  };
}

async function announced(child: ChildProcess, file: string): Promise<Record<string, string>> {
  const limit = AbortSignal.timeout(START_LIMIT_MS);
  const exited = once(child, 'exit', { signal: limit }).then(([code]) => {
    throw new Error(`Cannot start ${file}: it ended with code ${String(code)} before it listened`);
  });
  const [urls] = await Promise.race([once(child, 'message', { signal: limit }), exited]);
  exited.catch(() => {});
  return urls as Record<string, string>;
}

function collectLines(child: ChildProcess, lines: string[]): void {
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
}
