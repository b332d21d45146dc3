import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../cli/run-cli.ts';

const path = process.env.PATH;
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-docker-'));
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(dir, { recursive: true, force: true });
});

/** Puts a docker that is this script before everything else on PATH. */
function docker(script: string): void {
  const file = join(dir, 'docker');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  process.env.PATH = [dir, '/usr/bin', '/bin'].join(delimiter);
}

describe('sonde stack logs|down without what Docker needs: one line, exit code 3', () => {
  it.each([
    [
      'an engine',
      'echo "Client: 29" ; echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2; exit 1',
      'Cannot use Docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?; without Docker, the embedded store does the same look-ups',
    ],
    ['compose', '[ "$1" = version ]', 'Cannot use Docker: "docker compose version" does not answer; install the compose plugin'],
    ['a compose that goes well', '[ "$1" = version ] || [ "$2" = version ]', 'docker compose logs ended with 1; what it says is above'],
  ])('without %s', async (_what, script, line) => {
    docker(script);
    expect(await cli(['stack', 'logs'])).toEqual({ exit: 3, out: '', err: `sonde: ${line}\n` });
  });

  it('without docker at all', async () => {
    process.env.PATH = dir;
    expect((await cli(['stack', 'down'])).err).toMatch(/^sonde: Cannot run docker: it is not installed or not on PATH; .*\n$/);
  });

  it('when the client waits for an engine that does not answer', async () => {
    docker('sleep 20 & wait');
    expect(await cli(['stack', 'logs'])).toEqual({
      exit: 3,
      out: '',
      err: 'sonde: Cannot use Docker: no engine answered within 8 s; start it, or see "docker info"\n',
    });
  });

  it('up: waits for health, and says which contact points have no address', async () => {
    docker(`echo "$@" >> ${join(dir, 'calls')}`);
    for (const file of ['docker-compose.yml', 'collector/config.yaml', 'collector/alertmanager/receivers/page-url', '.env']) {
      mkdirSync(dirname(join(dir, file)), { recursive: true });
      writeFileSync(join(dir, file), '');
    }
    const { exit, out } = await cli(['stack', 'up', '--root', dir]);
    expect([exit, out.split('\n')[0]]).toEqual([
      0,
      'Alerts for ticket, chat go nowhere: put the address of a webhook into collector/alertmanager/receivers/ticket-url, collector/alertmanager/receivers/chat-url',
    ]);
    expect(readFileSync(join(dir, 'calls'), 'utf8')).toContain('up --detach --wait --wait-timeout 180');
    rmSync(join(dir, '.env'));
    expect((await cli(['stack', 'up', '--root', dir], { env: { GRAFANA_ADMIN_PASSWORD: 'hush' } })).exit).toBe(0);
    expect((await cli(['stack', 'up', '--root', dir])).err).toMatch(
      /^sonde: Cannot start the stack: there is no \.env in .*; copy \.env\.example to \.env and set GRAFANA_ADMIN_PASSWORD\n$/,
    );
  });

  it('hands on what it is asked, and the name of a server is never an option', async () => {
    docker(`echo "$@" >> ${join(dir, 'calls')}`);
    expect(await cli(['stack', 'logs', 'loki', '--follow'])).toEqual({ exit: 0, out: '', err: '' });
    expect(await cli(['stack', 'down', '--volumes'])).toEqual({ exit: 0, out: '', err: '' });
    const calls = readFileSync(join(dir, 'calls'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('--project-directory'));
    expect(calls.map((line) => line.replace(/^.*docker-compose\.yml /, ''))).toEqual(['logs --tail 200 --follow -- loki', 'down --volumes']);
  });
});
