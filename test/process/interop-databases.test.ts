import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

interface Printed {
  readonly spans: { readonly name: string; readonly parent: string | null; readonly library: string; readonly attributes: Record<string, unknown> }[];
  readonly [key: string]: unknown;
}

async function run(fixture: string, argument: string): Promise<Printed> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--no-warnings',
    new URL(`fixtures/interop/${fixture}.cjs`, import.meta.url).pathname,
    argument,
  ]);
  return JSON.parse(stdout) as Printed;
}

/** Where Debian and others keep the programs of PostgreSQL. */
function postgresBin(): string | undefined {
  const folders = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`) : [];
  return [...folders, '/usr/bin', '/usr/local/bin'].find((folder) => existsSync(`${folder}/initdb`) && existsSync(`${folder}/postgres`));
}

function redisServer(): string | undefined {
  return ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/usr/bin/valkey-server'].find((path) => existsSync(path));
}

const running: ChildProcess[] = [];
const folders: string[] = [];
afterAll(async () => {
  for (const server of running) {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGINT');
    await ended;
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A server refuses to run as root; it then runs as the user that Debian made for it. */
function userOf(name: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function folderFor(user: { uid?: number; gid?: number }): string {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-db-'));
  folders.push(folder);
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid as number);
  return folder;
}

async function until(path: string): Promise<void> {
  while (!existsSync(path)) await sleep(50);
}

const [postgres, redis] = [postgresBin(), redisServer()];
if (!postgres) console.log('PostgreSQL is not installed (apt-get install postgresql): instrumentation-pg is not tried');
if (!redis) console.log('Redis is not installed (apt-get install redis-server): instrumentation-redis is not tried');

describe.runIf(postgres)('pg', () => {
  it('queries stand below the traced function, and it goes on in its scope', async () => {
    const user = userOf('postgres');
    const folder = folderFor(user);
    execFileSync(`${postgres}/initdb`, ['-D', `${folder}/data`, '-U', 'sonde', '-A', 'trust', '--no-sync'], { ...user, stdio: 'ignore', cwd: folder });
    running.push(
      spawn(`${postgres}/postgres`, ['-D', `${folder}/data`, '-k', folder, '-c', 'listen_addresses=', '-F'], { ...user, stdio: 'ignore', cwd: folder }),
    );
    await until(`${folder}/.s.PGSQL.5432`);
    const { spans, found, failed } = await run('pg', folder);
    expect([found, failed]).toEqual([7, '42P01']);
    const tree = spans.map(({ name, parent }) => [name, parent]);
    expect(tree).toEqual(
      expect.arrayContaining([
        ['pg.query:SELECT postgres', 'orders.find'],
        ['after', 'orders.find'],
        ['pg.query:SELECT postgres', 'orders.break'],
      ]),
    );
    expect(spans.find(({ name }) => name === 'orders.break')?.attributes).toEqual({ 'error.type': '42P01' });
  });
});

describe.runIf(redis)('redis', () => {
  it('commands stand below the traced function', async () => {
    const folder = folderFor({});
    running.push(spawn(redis as string, ['--port', '0', '--unixsocket', `${folder}/redis.sock`, '--save', ''], { stdio: 'ignore', cwd: folder }));
    await until(`${folder}/redis.sock`);
    const { spans, found } = await run('redis', `${folder}/redis.sock`);
    expect(found).toBe('7');
    const commands = spans.filter(({ library }) => library === '@opentelemetry/instrumentation-redis' && spans.some(({ name }) => name === 'cache.read'));
    expect(commands.filter(({ parent }) => parent === 'cache.read').length).toBeGreaterThanOrEqual(2);
  });
});
