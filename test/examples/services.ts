import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '..', '..');

/** The example's two services, each a process of its own. */
export interface Example {
  readonly app: string;
  readonly admin: string;
  /** The process behind `app`, to be paused or ended. */
  readonly payments: ChildProcess;
  /** `kill` ends both at once. */
  stop(kill?: boolean): Promise<void>;
  /** What they wrote to stderr. */
  readonly stderr: () => string;
}

/** Compiles the example; the package itself must be built. */
export async function buildExample(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(ROOT, 'examples/checkout')]);
}

export async function startExample(env: Record<string, string>): Promise<Example> {
  let stderr = '';
  const children: ChildProcess[] = [];
  const launch = async (file: string, more: Record<string, string>): Promise<Record<string, string>> => {
    const child = spawn(process.execPath, [join(ROOT, 'examples/checkout/dist', file)], {
      env: { ...process.env, ...env, ...more },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    children.push(child);
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    const [urls] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => Promise.reject(new Error(`Cannot start ${file}: ${stderr}`)))]);
    return urls as Record<string, string>;
  };
  const payments = await launch('payments.js', { PORT: '0' });
  const checkout = await launch('checkout.js', { PORT: '0', ADMIN_PORT: '0', PAYMENTS_URL: payments.payments as string });
  return {
    app: checkout.app as string,
    admin: checkout.admin as string,
    stderr: () => stderr,
    payments: children[0] as ChildProcess,
    async stop(kill = false) {
      await Promise.all(children.map((child) => end(child, kill ? 'SIGKILL' : 'SIGTERM')));
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
