import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../cli/run-cli.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-init-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('sonde stack init', () => {
  it('gives a project a stack of its own, in order, whose secrets git does not see', async () => {
    const root = join(dir, 'observability');
    const { exit, out, err } = await cli(['stack', 'init', root]);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out).toBe(`The stack is in ${root}: copy .env.example to .env and set GRAFANA_ADMIN_PASSWORD, then "sonde stack up --root ${root}"\n`);
    expect((await cli(['stack', 'verify', '--root', root])).exit).toBe(0);
    const secrets = ['.env', 'collector/alertmanager/receivers/page-url'];
    for (const secret of secrets) writeFileSync(join(root, secret), 'hush');
    execFileSync('git', ['init', '-q'], { cwd: root });
    const seen = execFileSync('git', ['status', '--porcelain', '--untracked-files=all'], { cwd: root, encoding: 'utf8' });
    expect(seen).toContain('docker-compose.yml');
    for (const secret of secrets) expect(seen).not.toContain(`${secret}\n`);
  });

  it('overwrites nothing', async () => {
    writeFileSync(join(dir, 'docker-compose.yml'), 'services: {}\n');
    mkdirSync(join(dir, 'grafana'));
    const { exit, err } = await cli(['stack', 'init', dir]);
    expect({ exit, err }).toEqual({
      exit: 2,
      err: `sonde: Cannot put the stack into ${dir}: it holds docker-compose.yml, grafana already; name another folder, such as "sonde stack init observability"\n`,
    });
    expect(readFileSync(join(dir, 'docker-compose.yml'), 'utf8')).toBe('services: {}\n');
    expect(existsSync(join(dir, 'collector'))).toBe(false);
  });

  it('leaves a .gitignore as it is, and says what belongs into it', async () => {
    writeFileSync(join(dir, '.gitignore'), 'node_modules\n');
    expect((await cli(['stack', 'init', dir])).out).toContain('Keep out of git: .env and collector/alertmanager/receivers/*-url\n');
    expect(readFileSync(join(dir, '.gitignore'), 'utf8')).toBe('node_modules\n');
  });

  it('says why a folder cannot be made, also where the system knows no folders', async () => {
    writeFileSync(join(dir, 'file'), '');
    expect(await cli(['stack', 'init', join(dir, 'file', 'below')])).toMatchObject({ exit: 2, err: expect.stringContaining('ENOTDIR') });
    if (process.platform === 'linux') expect(await cli(['stack', 'init', '/proc/sonde'])).toMatchObject({ exit: 2, err: expect.stringContaining('ENOENT') });
  });
});
