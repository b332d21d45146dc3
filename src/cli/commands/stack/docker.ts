import { spawn } from 'node:child_process';
import { unreachable } from '../../exit-codes.ts';

const LIMIT_MS = 8_000; // an engine answers in milliseconds; a client whose engine is gone may wait for ever
const WITHOUT = 'without Docker, the embedded store does the same look-ups';

/** Throws one line that says what is missing: the client, an engine that answers, or compose. */
export async function checkDocker(limitMs = LIMIT_MS): Promise<void> {
  const [engine, plugin] = await Promise.all([ask(['version', '--format', '{{.Server.Version}}'], limitMs), ask(['compose', 'version', '--short'], limitMs)]);
  if (engine.end === 'missing') throw unreachable(`Cannot run docker: it is not installed or not on PATH; ${WITHOUT}`);
  if (engine.end === 'late') throw unreachable(`Cannot use Docker: no engine answered within ${limitMs / 1_000} s; start it, or see "docker info"`);
  if (engine.end !== 0) throw unreachable(`Cannot use Docker: ${engine.says || 'no engine answers'}; ${WITHOUT}`);
  if (plugin.end !== 0) throw unreachable('Cannot use Docker: "docker compose version" does not answer; install the compose plugin');
}

/** Runs docker quietly: its exit code, and the last line that it printed on stderr. */
function ask(args: readonly string[], limitMs: number): Promise<{ end: number | 'missing' | 'late'; says: string }> {
  return new Promise((resolve) => {
    const child = spawn('docker', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let says = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
      child.stderr.destroy(); // a child of its own may hold the pipe open
    }, limitMs);
    const end = (how: number | 'missing' | 'late'): void => {
      clearTimeout(timer);
      resolve({ end: how, says: says.trim().split('\n').at(-1)?.slice(0, 200) ?? '' });
    };
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      says = (says + chunk).slice(-2_000);
    });
    child.once('error', () => end('missing'));
    child.once('close', (code) => end(isLate ? 'late' : (code ?? 1)));
  });
}
