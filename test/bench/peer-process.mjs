import { fork } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Starts the process of one variant, in an empty folder; resolves when its set-up is done. */
export async function startPeer(scenario, variant, { sink, flags = [] }) {
  const cwd = mkdtempSync(join(tmpdir(), 'sonde-bench-'));
  // The heap is as Node makes it: with a larger young generation every allocation would be a miss of the cache.
  const execArgv = ['--expose-gc', ...flags];
  // What a variant prints (log lines) goes to /dev/null, so that nobody has to read it.
  const nowhere = openSync(devNull, 'w');
  const stdio = ['ignore', nowhere, 'pipe', 'ipc'];
  const child = fork(join(import.meta.dirname, 'child.mjs'), [scenario, variant], { cwd, execArgv, stdio, env: { ...process.env, BENCH_SINK: sink } });
  closeSync(nowhere);
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = `${errors}${chunk}`.slice(-4_000);
  });
  const answer = () =>
    new Promise((resolve, reject) => {
      const settle = (act) => (value) => {
        child.off('message', onMessage);
        child.off('exit', onExit);
        act(value);
      };
      const onMessage = settle((message) => (message.failed === undefined ? resolve(message.done) : reject(new Error(message.failed))));
      const onExit = settle((code) => reject(new Error(`${variant} ended with ${code}: ${errors}`)));
      child.on('message', onMessage);
      child.on('exit', onExit);
    });
  try {
    await answer();
  } catch (error) {
    rmSync(cwd, { recursive: true, force: true });
    throw error;
  }
  return {
    variant,
    pid: child.pid,
    async ask(command, options) {
      const reply = answer();
      child.send({ command, ...options });
      return await reply;
    },
    async end() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.send({ command: 'end' });
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
      rmSync(cwd, { recursive: true, force: true });
    },
  };
}

/** A server that takes everything and keeps nothing: for peers that cannot discard in process. */
export async function startSink() {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.setHeader('content-type', 'application/json').end('{}'));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
