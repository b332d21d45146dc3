import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { generatedFiles } from '../../src/stack/generate/files.ts';
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

  it('the rules of declared objectives, of functions and routes', () => {
    cpSync(join(ROOT, 'collector/prometheus'), join(dir, 'collector/prometheus'), { recursive: true });
    const declared = {
      service: 'shop',
      objectives: [
        { function: 'Orders.place', module: 'src/orders', objective: 0.999, latency: '300ms' },
        { route: 'POST /orders/:id', objective: 0.9 },
      ],
    };
    const files = [...generatedFiles([declared])].filter(([file]) => file.endsWith('/slo-shop.yml'));
    for (const [file, text] of files) writeFileSync(join(dir, file), text);
    expect(files.map(([file]) => file)).toEqual(['collector/prometheus/rules/slo-shop.yml', 'collector/prometheus/tests/slo-shop.yml']);
    expect(run('promtool', ['check', 'rules', join(dir, 'collector/prometheus/rules/slo-shop.yml')])).toMatchObject({ status: 0 });
    const { status, output } = run('promtool', ['test', 'rules', join(dir, 'collector/prometheus/tests/slo-shop.yml')]);
    expect({ status, output }).toMatchObject({ status: 0, output: expect.not.stringContaining('FAILED') });
  });

  it.runIf(PATHS.lokitool)('the rules of Loki', () => {
    expect(run('lokitool', ['rules', 'check', ...files('collector/loki/rules/fake')])).toMatchObject({ status: 0 });
  });

  it('loki', () => {
    const { status, output } = run('loki', ['-verify-config', '-config.expand-env=true', '-config.file=collector/loki/loki.yaml'], { LOKI_DATA: dir });
    expect({ status, output }).toMatchObject({ status: 0 });
  });

  it('alertmanager, and where an alert goes', () => {
    expect(run('amtool', ['check-config', 'collector/alertmanager/alertmanager.yml']).status).toBe(0);
    const route = (...labels: string[]): string =>
      run('amtool', ['config', 'routes', 'test', '--config.file=collector/alertmanager/alertmanager.yml', ...labels]).output.trim();
    expect(route('alertname=HeapNearLimit', 'severity=page', 'deployment_environment_name=production')).toBe('page');
    expect(route('alertname=HeapNearLimit', 'severity=page', 'deployment_environment_name=prod')).toBe('page');
    expect(route('alertname=HeapNearLimit', 'severity=page')).toBe('page');
    expect(route('alertname=HandleLeak', 'severity=ticket', 'deployment_environment_name=production')).toBe('ticket');
    expect(route('alertname=HeapNearLimit', 'severity=page', 'deployment_environment_name=staging')).toBe('chat');
    expect(route('alertname=HandleLeak', 'severity=ticket', 'deployment_environment_name=production-eu')).toBe('chat');
    expect(route('alertname=Watchdog', 'severity=info')).toBe('watchdog');
  });

  it.runIf(PATHS.tempo)('tempo', () => {
    const { status, output } = run('tempo', ['-config.verify', '-config.expand-env=true', '-config.file=collector/tempo/tempo.yaml'], { TEMPO_DATA: dir });
    expect({ status, output }).toMatchObject({ status: 0 });
  });
});
