// Finds the servers of the stack: from their images where a Docker engine answers, else built from Go modules, once. The
// binaries are kept outside the tree, keyed by the lock files.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serversFromImages } from './images.mjs';

const MODULES = fileURLToPath(new URL('../modules/', import.meta.url));
const CACHE = process.env.STACK_TEST_CACHE ?? join(homedir(), '.cache', 'sonde-stack');
const BUILDER = 'go.opentelemetry.io/collector/cmd/builder@v0.159.0';
const LIMIT_MS = 3 * 60 * 60_000; // Loki alone takes four minutes on two idle cores, and many times that on busy ones

/** What each module builds. */
const SERVERS = { collector: ['otelcol'], prometheus: ['prometheus', 'promtool'], loki: ['loki', 'lokitool'], alertmanager: ['alertmanager', 'amtool'] };

function keyOf(module) {
  const hash = createHash('sha256').update(BUILDER).update(process.arch);
  for (const file of readdirSync(join(MODULES, module)).sort()) hash.update(file).update(readFileSync(join(MODULES, module, file)));
  return hash.digest('hex').slice(0, 16);
}

function run(command, args, cwd, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
    let tail = '';
    const keep = (chunk) => {
      tail = (tail + chunk).slice(-4_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`Cannot run "${command} ${args.join(' ')}": it ended with ${code}\n${tail}`))));
  });
}

async function build(module, into) {
  const work = mkdtempSync(join(tmpdir(), `sonde-${module}-`));
  const out = join(work, 'out');
  mkdirSync(out);
  try {
    cpSync(join(MODULES, module), work, { recursive: true });
    if (module === 'collector') {
      await run('go', ['install', BUILDER], work, { GOBIN: join(work, 'tools'), GOFLAGS: '' });
      await run(join(work, 'tools', 'builder'), ['--config', 'manifest.yaml', '--ldflags', '-s -w'], work);
      renameSync(join(work, 'build', 'otelcol'), join(out, 'otelcol'));
    } else {
      await run('go', ['build', '-mod=readonly', '-ldflags=-s -w', '-o', `${out}/`, 'tool'], work);
    }
    mkdirSync(CACHE, { recursive: true });
    // Moved into place whole: another run may build the same, or this one may be killed.
    const half = mkdtempSync(join(CACHE, 'half-'));
    cpSync(out, half, { recursive: true });
    rmSync(into, { recursive: true, force: true });
    renameSync(half, into);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A binary of that name on PATH. */
function onPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((dir) => join(dir, name))
    .find((path) => existsSync(path));
}

/**
 * The path of every server and tool; or the reason why there is none. Tempo cannot be built from the module proxy: where
 * there is no engine it comes from TEMPO_BIN or PATH, else it is left out.
 */
export async function servers(say = (line) => process.stderr.write(`${line}\n`)) {
  const paths = serversFromImages(CACHE, say) ?? (await builtServers(say));
  if (paths === undefined) return { reason: 'Go is not installed and no Docker engine answers, so there are no servers of the stack' };
  const tempo = process.env.TEMPO_BIN ?? onPath('tempo');
  if (tempo && existsSync(tempo)) paths.tempo = tempo;
  return { paths };
}

/** Builds what is not in the cache; `undefined` without Go. */
async function builtServers(say) {
  if (spawnSync('go', ['version']).status !== 0) return undefined;
  const paths = {};
  for (const [module, names] of Object.entries(SERVERS)) {
    const dir = join(CACHE, `${module}-${keyOf(module)}`);
    if (!names.every((name) => existsSync(join(dir, name)))) {
      const from = Date.now();
      say(`building ${module} (once; some minutes) ...`);
      await build(module, dir);
      say(`built ${module} in ${Math.round((Date.now() - from) / 1_000)} s`);
    }
    for (const name of names) paths[name] = join(dir, name);
  }
  return paths;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await servers();
  process.stdout.write(
    `${
      built.reason ??
      Object.entries(built.paths)
        .map(([name, path]) => `${name} ${path}`)
        .join('\n')
    }\n`,
  );
}
