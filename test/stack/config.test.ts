import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PATHS } from './lib/paths.ts';
import { ROOT } from './lib/stack.ts';

const dir = mkdtempSync(join(tmpdir(), 'sonde-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function run(tool: string, args: string[], env: Record<string, string> = {}): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(PATHS[tool] as string, args, { cwd: ROOT, encoding: 'utf8', env: { ...process.env, ...env } });
  return { status, output: stdout + stderr };
}

const files = (folder: string): string[] => readdirSync(join(ROOT, folder)).map((name) => join(folder, name));

describe('each server accepts the configuration that ships', () => {
  it('collector', () => {
    expect(run('otelcol', ['validate', '--config=collector/config.yaml'], { OTELCOL_QUEUE_DIR: dir })).toEqual({ status: 0, output: '' });
  });

  it('collector says no to a component that is not there', () => {
    expect(
      run('otelcol', ['validate', '--config=collector/config.yaml', '--config=yaml:service::pipelines::logs::exporters: [nowhere]'], { OTELCOL_QUEUE_DIR: dir })
        .status,
    ).not.toBe(0);
  });

  it('prometheus and its rules', () => {
    expect(run('promtool', ['check', 'config', 'collector/prometheus/prometheus.yml']).status).toBe(0);
    expect(run('promtool', ['check', 'rules', ...files('collector/prometheus/rules')]).status).toBe(0);
  });

  it('every PromQL alert fires where it must and is silent where it must be', () => {
    const { status, output } = run('promtool', ['test', 'rules', ...files('collector/prometheus/tests')]);
    expect(output).not.toContain('FAILED');
    expect(status).toBe(0);
  });

  it('loki', () => {
    const { status, output } = run('loki', ['-verify-config', '-config.expand-env=true', '-config.file=collector/loki/loki.yaml'], { LOKI_DATA: dir });
    expect({ status, output }).toMatchObject({ status: 0 });
  });

  it('alertmanager, and where an alert goes', () => {
    expect(run('amtool', ['check-config', 'collector/alertmanager/alertmanager.yml']).status).toBe(0);
    const route = (...labels: string[]): string =>
      run('amtool', ['config', 'routes', 'test', '--config.file=collector/alertmanager/alertmanager.yml', ...labels]).output.trim();
    expect(route('alertname=HeapNearLimit', 'severity=page')).toBe('page');
    expect(route('alertname=HandleLeak', 'severity=ticket')).toBe('team');
    expect(route('alertname=Watchdog', 'severity=info')).toBe('watchdog');
  });

  it.runIf(PATHS.tempo)('tempo', () => {
    const { status, output } = run('tempo', ['-config.verify', '-config.expand-env=true', '-config.file=collector/tempo/tempo.yaml'], { TEMPO_DATA: dir });
    expect({ status, output }).toMatchObject({ status: 0 });
  });
});
