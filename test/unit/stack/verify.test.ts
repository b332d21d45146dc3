import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findingLine } from '../../../src/stack/verify/finding.ts';
import { verifyStack } from '../../../src/stack/verify/verify.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-verify-'));
  for (const path of ['docker-compose.yml', 'collector', 'grafana']) cpSync(join(ROOT, path), join(dir, path), { recursive: true });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What `verify` says of the stack with one change in one file; that a generated file is no longer current goes without saying. */
function withChange(file: string, from: string, to: string): string[] {
  const path = join(dir, file);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
  try {
    return verifyStack(dir)
      .findings.map(findingLine)
      .filter((line) => !line.includes('is not what the catalogue gives'));
  } finally {
    writeFileSync(path, text);
  }
}

describe('verifyStack', () => {
  it('finds nothing wrong with what ships, and looked at all of it', () => {
    const { files, expressions, findings } = verifyStack(ROOT);
    expect(findings.map(findingLine)).toEqual([]);
    expect(files).toBeGreaterThan(20);
    expect(expressions).toBeGreaterThan(100);
  });

  it.each([
    [
      'a metric nobody emits',
      'collector/prometheus/rules/sonde-process.yml',
      'max by (service_name) (nodejs_eventloop_delay_p99_seconds)',
      'max by (service_name) (nodejs_eventlop_delay_p99_seconds)',
      /^collector\/prometheus\/rules\/sonde-process\.yml:\d+: metric "nodejs_eventlop_delay_p99_seconds" is not in the catalogue; did you mean "nodejs_eventloop_delay_p99_seconds"\?$/,
    ],
    [
      'a label that a metric has not',
      'collector/prometheus/rules/sonde-errors.yml',
      'errors_total{kind="bug"}[5m]',
      'errors_total{kin="bug"}[5m]',
      /^collector\/prometheus\/rules\/sonde-errors\.yml:\d+: label of errors_total "kin" is not in the catalogue; did you mean "kind"\?$/,
    ],
    [
      'a label of a log line',
      'collector/loki/rules/fake/sonde-errors.yml',
      'sonde_error_kind="bug"',
      'sonde_error_knd="bug"',
      /sonde-errors\.yml:\d+: label "sonde_error_knd" .* "sonde_error_kind"\?$/,
    ],
    [
      'PromQL that does not parse',
      'collector/prometheus/rules/sonde-process.yml',
      '> 0.2',
      '> > 0.2',
      /sonde-process\.yml:\d+: this promql does not parse near/,
    ],
    [
      'a component that is not defined',
      'collector/config.yaml',
      'exporters: [otlp_http/loki]',
      'exporters: [otlp_http/lokii]',
      /^collector\/config\.yaml:\d+: exporter "otlp_http\/lokii" is used and not defined; did you mean "otlp_http\/loki"\?$/,
    ],
    [
      'a component that is not used',
      'collector/config.yaml',
      'exporters: [otlp_http/loki]',
      'exporters: [otlp_http/tempo]',
      /^collector\/config\.yaml:\d+: exporter "otlp_http\/loki" is defined and not used$/,
    ],
    [
      'a pipeline without its memory limiter first',
      'collector/config.yaml',
      '[memory_limiter, transform/errors]',
      '[transform/errors, memory_limiter]',
      /pipeline "logs": memory_limiter must come first/,
    ],
    [
      'a queue that a restart would lose',
      'collector/config.yaml',
      'storage: file_storage/queue',
      'num_consumers_: 1',
      /exporter "otlp_http\/tempo": sending_queue\.storage is missing/,
    ],
    [
      'a port that the network can reach',
      'docker-compose.yml',
      '["127.0.0.1:3200:3200"]',
      "['3200:3200']",
      /^docker-compose\.yml:?\d*: services\.tempo\.ports\.0: a port on 127\.0\.0\.1$/,
    ],
    [
      'an image without its version',
      'docker-compose.yml',
      'grafana/tempo:3.0.3',
      'grafana/tempo:latest',
      /services\.tempo\.image: an image with its exact version/,
    ],
    ['a server without a memory limit', 'docker-compose.yml', '    mem_limit: 128m\n', '', /services\.alertmanager\.mem_limit: /],
    [
      'a data source that is not there',
      'grafana/dashboards/runtime.json',
      '"uid": "sonde-prometheus"\n          },\n          "expr"',
      '"uid": "prometheus"\n          },\n          "expr"',
      /runtime\.json:?\d*: panel ".*": there is no data source "prometheus"$/,
    ],
    [
      'YAML that does not parse',
      'collector/prometheus/prometheus.yml',
      'global:',
      'global: [',
      /^collector\/prometheus\/prometheus\.yml:\d+: Cannot parse it:/,
    ],
  ])('names the file, the line and the nearest name: %s', (_what, file, from, to, expected) => {
    expect(withChange(file, from, to)).toContainEqual(expect.stringMatching(expected));
  });

  it('says when a generated file was changed by hand or is missing', () => {
    const path = join(dir, 'collector/runbooks/HandleLeak.md');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, `${text}\n`);
    expect(verifyStack(dir).findings.map(findingLine)).toEqual([
      'collector/runbooks/HandleLeak.md: is not what the catalogue gives; run `sonde stack generate`',
    ]);
    rmSync(path);
    expect(verifyStack(dir).findings.map(findingLine)).toEqual(['collector/runbooks/HandleLeak.md: is missing; run `sonde stack generate`']);
    writeFileSync(path, text);
  });
});
