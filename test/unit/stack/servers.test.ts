import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const BUILD = fileURLToPath(new URL('../../stack/lib/build.mjs', import.meta.url));
const RUN = fileURLToPath(new URL('../../stack/run.mjs', import.meta.url));
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-servers-'));
  mkdirSync(join(dir, 'bin'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Runs a program of the stack tests with a docker that is this script, and with nothing else on PATH but what a shell needs. */
function withDocker(script: string, program: string): { status: number | null; out: string } {
  const docker = join(dir, 'bin', 'docker');
  writeFileSync(docker, `#!/bin/sh\n${script}\n`);
  chmodSync(docker, 0o755);
  const { status, stdout } = spawnSync(process.execPath, [program], {
    encoding: 'utf8',
    env: { PATH: [join(dir, 'bin'), '/usr/bin', '/bin'].join(delimiter), STACK_TEST_CACHE: join(dir, 'cache') },
  });
  return { status, out: stdout };
}

const ENGINE = `case "$1" in version) echo ${process.platform} ;; create) echo abc ;; cp) echo "$2" > "$3" ;; esac`;

describe('servers of the stack tests', () => {
  it('come from the images that docker-compose.yml names where an engine answers, Tempo too', () => {
    const { status, out } = withDocker(ENGINE, BUILD);
    expect(status).toBe(0);
    const names = out
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect(names.sort()).toEqual(['alertmanager', 'amtool', 'loki', 'otelcol', 'prometheus', 'promtool', 'tempo']);
    expect(out).toContain(join(dir, 'cache', 'image-grafana_tempo_3.0.3', 'tempo'));
  });

  it.skipIf(spawnSync('/usr/bin/go', ['version']).status === 0)('are left out with one line where there is neither an engine nor Go', () => {
    expect(withDocker('echo "Cannot connect" >&2; exit 1', RUN)).toEqual({
      status: 0,
      out: 'stack tests left out: Go is not installed and no Docker engine answers, so there are no servers of the stack\n',
    });
  });
});
