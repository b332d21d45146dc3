// Starts the service, drives it, and writes down every ID that a client received.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';

const WAYS = ['bug', 'known', 'string', 'frozen', 'aggregate', 'wrapped', 'reported'];
const START_LIMIT_MS = 200_000; // a start takes 0.4 s; more than this is a hang, however slow the machine is

/** Starts a service; resolves when it listens. */
export async function startService(dir, { env = {}, onStderr } = {}) {
  const child = fork(new URL('service.mjs', import.meta.url), { env: { ...process.env, DRILL_DIR: dir, ...env }, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  createInterface({ input: child.stderr }).on('line', (line) => onStderr?.(line));
  const exited = once(child, 'exit');
  const ready = await Promise.race([
    once(child, 'message'),
    exited.then(([code, signal]) => Promise.reject(new Error(`the service ended with ${code ?? signal} before it listened`))),
    limit(START_LIMIT_MS),
  ]);
  return {
    child,
    port: ready[0].port,
    tell: (message) => child.connected && child.send(message),
    /** Whether it still lived until then. */
    async kill() {
      const lived = child.exitCode === null && child.signalCode === null;
      child.kill('SIGKILL');
      await exited;
      return lived;
    },
    /** Ends it well: everything goes to the store. */
    async stop() {
      const answer = once(child, 'message');
      child.send({ stop: true });
      const [{ lost }] = await Promise.race([answer, limit(START_LIMIT_MS)]);
      await Promise.race([exited, limit(START_LIMIT_MS)]);
      return lost;
    },
  };
}

function limit(ms) {
  return new Promise((_, reject) => setTimeout(() => reject(new Error(`nothing happened within ${ms} ms`)), ms).unref());
}

/** Sends failing requests, `width` at once, until `until` says stop. `onId` gets every ID whose headers arrived. */
export async function drive(port, { width, until, next, onId }) {
  const agent = new Agent({ keepAlive: true, maxSockets: width });
  const lane = async () => {
    while (!until()) await one(agent, port, next(), onId);
  };
  await Promise.all(Array.from({ length: width }, lane));
  agent.destroy();
}

function one(agent, port, n, onId) {
  const what = WAYS[n % WAYS.length];
  return new Promise((resolve) => {
    const req = request({ agent, port, host: '127.0.0.1', path: `/${what}/${n}` }, (res) => {
      const id = res.headers['x-error-id'];
      let body = '';
      res.setEncoding('utf8');
      res.on('data', (text) => (body += text));
      res.on('close', () => {
        // What counts is what was shown: an answer that was cut off after its headers showed the ID too.
        if (id !== undefined) onId({ id, n, what, status: res.statusCode, unsaved: body.includes('could not be saved') });
        resolve();
      });
      res.on('error', () => undefined);
    });
    req.on('error', () => setTimeout(resolve, 5)); // the service was just killed
    req.end();
  });
}
