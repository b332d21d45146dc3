// Takes the servers out of the images that docker-compose.yml names, where a Docker engine answers: they are static
// programs, so that the tests start them as those that Go builds, and Tempo comes with them.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const COMPOSE = fileURLToPath(new URL('../../../docker-compose.yml', import.meta.url));
const ENGINE_MS = 10_000; // a client without an engine may wait for ever
const PULL_MS = 10 * 60_000;

/** Where each server and tool is in the image of its service. */
const INSIDE = {
  collector: { otelcol: '/otelcol-contrib' },
  prometheus: { prometheus: '/bin/prometheus', promtool: '/bin/promtool' },
  loki: { loki: '/usr/bin/loki' },
  tempo: { tempo: '/tempo' },
  alertmanager: { alertmanager: '/bin/alertmanager', amtool: '/bin/amtool' },
};

function docker(args, timeout = ENGINE_MS) {
  return spawnSync('docker', args, { encoding: 'utf8', timeout, killSignal: 'SIGKILL' });
}

/** The paths of all servers, taken from their images into `cache`; `undefined` where no engine of this system's kind answers. */
export function serversFromImages(cache, say) {
  const engine = docker(['version', '--format', '{{.Server.Os}}']);
  if (engine.status !== 0 || engine.stdout.trim() !== process.platform) return undefined;
  const { services } = parse(readFileSync(COMPOSE, 'utf8'), { merge: true });
  const paths = {};
  for (const [service, inside] of Object.entries(INSIDE)) {
    const { image } = services[service];
    const dir = join(cache, `image-${image.replaceAll(/[^\w.-]/g, '_')}`);
    if (!Object.keys(inside).every((name) => existsSync(join(dir, name)))) {
      say(`taking ${service} from ${image} ...`);
      copyOut(cache, image, inside, dir);
    }
    for (const name of Object.keys(inside)) paths[name] = join(dir, name);
  }
  return paths;
}

function copyOut(cache, image, inside, dir) {
  mkdirSync(cache, { recursive: true });
  const half = mkdtempSync(join(cache, 'half-'));
  const created = docker(['create', image], PULL_MS);
  const container = created.stdout?.trim().split('\n').at(-1);
  try {
    if (created.status !== 0) throw new Error(`Cannot take the image ${image}: ${oneLine(created.stderr)}`);
    for (const [name, path] of Object.entries(inside)) {
      const copied = docker(['cp', `${container}:${path}`, join(half, name)], PULL_MS);
      if (copied.status !== 0) throw new Error(`Cannot take ${path} from the image ${image}: ${oneLine(copied.stderr)}`);
      chmodSync(join(half, name), 0o755);
    }
    rmSync(dir, { recursive: true, force: true });
    renameSync(half, dir);
  } finally {
    if (created.status === 0) docker(['rm', container]);
    rmSync(half, { recursive: true, force: true });
  }
}

function oneLine(text) {
  return (text ?? '').trim().split('\n').at(-1) || 'docker says nothing';
}
