import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_MS = 600_000; // Loki's ring needs 15 s on two idle cores, and the machine may be slow and others work on it too
/** How long a test waits for what comes in seconds on two idle cores. */
export const PATIENCE_MS = 600_000;

/** A server of the stack as a process of this machine. */
export class StackServer {
  readonly name: string;
  readonly #start: () => ChildProcess;
  readonly #readyUrl: string;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(name: string, path: string, args: string[], readyUrl: string, env: Record<string, string> = {}) {
    this.name = name;
    this.#readyUrl = readyUrl;
    this.#start = () => spawn(path, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** The last lines it printed. */
  get output(): string {
    return this.#output;
  }

  async start(): Promise<void> {
    const child = this.#start();
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString('utf8')).slice(-8_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const limit = Date.now() + READY_MS;
    while (!(await answers(this.#readyUrl))) {
      if (child.exitCode !== null) throw new Error(`Cannot start ${this.name}: it ended with ${child.exitCode}\n${this.#output}`);
      if (Date.now() > limit) throw new Error(`Cannot start ${this.name}: not ready after ${READY_MS} ms\n${this.#output}`);
      await sleep(200);
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    const killer = setTimeout(() => child.kill('SIGKILL'), 120_000);
    await exit;
    clearTimeout(killer);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Asks until `ask` gives something, at most `limitMs`; what was asked for is in the error. */
export async function eventually<T>(what: string, limitMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  const limit = Date.now() + limitMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (Date.now() > limit) throw new Error(`Cannot see ${what} after ${limitMs} ms`);
    await sleep(500);
  }
}
