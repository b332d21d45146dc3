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
    expect(files).toBeGreaterThan(25);
    expect(expressions).toBeGreaterThan(170);
  });

  it.each([
    [
      'a metric nobody emits',
      'collector/prometheus/rules/sonde-process.yml',
      'max by (service_name, deployment_environment_name) (nodejs_eventloop_delay_p99_seconds)',
      'max by (service_name, deployment_environment_name) (nodejs_eventlop_delay_p99_seconds)',
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
      /^docker-compose\.yml:\d+: services\.tempo\.ports\.0: "3200:3200" is not what it should be: a port on 127\.0\.0\.1$/,
    ],
    [
      'an image without its version',
      'docker-compose.yml',
      'grafana/tempo:3.0.3',
      'grafana/tempo:latest',
      /^docker-compose\.yml:\d+: services\.tempo\.image: "grafana\/tempo:latest" is not what it should be: an image with its exact version$/,
    ],
    ['a server without a memory limit', 'docker-compose.yml', '    mem_limit: 128m\n', '', /^docker-compose\.yml:\d+: services\.alertmanager\.mem_limit: /],
    [
      'a data source that is not there',
      'grafana/dashboards/runtime.json',
      '"uid": "sonde-prometheus"\n          },\n          "expr"',
      '"uid": "sonde-promethus"\n          },\n          "expr"',
      /runtime\.json:\d+: panel ".*": there is no data source "sonde-promethus"; did you mean "sonde-prometheus"\?$/,
    ],
    [
      'YAML that does not parse',
      'collector/prometheus/prometheus.yml',
      'global:',
      'global: [',
      /^collector\/prometheus\/prometheus\.yml:\d+: Cannot parse it:/,
    ],
    [
      'a key of the composition typed wrong',
      'docker-compose.yml',
      '    mem_limit: 128m\n',
      '    mem_limt: 128m\n',
      /^docker-compose\.yml:\d+: services\.alertmanager\.mem_limt: "mem_limt" is no key here; did you mean "mem_limit"\?$/,
    ],
    [
      'a folder that is not there to mount',
      'docker-compose.yml',
      './collector/prometheus:/etc',
      './collector/promtheus:/etc',
      /^docker-compose\.yml:\d+: service "prometheus": there is no "\.\/collector\/promtheus" to mount$/,
    ],
    [
      'a service that is not there to depend on',
      'docker-compose.yml',
      'loki-probe: { condition: service_healthy }',
      'loki-prob: { condition: service_healthy }',
      /^docker-compose\.yml:\d+: service "grafana": there is no service "loki-prob"; did you mean "loki-probe"\?$/,
    ],
    [
      'a secret that is committed',
      'docker-compose.yml',
      'GF_SECURITY_ADMIN_USER:',
      'GF_SMTP_PASSWORD: hunter2\n      GF_SECURITY_ADMIN_USER:',
      /^docker-compose\.yml:\d+: services\.grafana: a secret stands in it/,
    ],
    [
      'anonymous visitors',
      'docker-compose.yml',
      'GF_AUTH_ANONYMOUS_ENABLED: "false"',
      'GF_AUTH_ANONYMOUS_ENABLED: "true"',
      /^docker-compose\.yml:\d+: services\.grafana: anonymous visitors are let in$/,
    ],
    [
      'a server that nobody asks for its health',
      'docker-compose.yml',
      '    healthcheck: { test: [CMD, /tempo, -health], interval: 10s, timeout: 3s, retries: 12, start_period: 30s }\n',
      '',
      /^docker-compose\.yml:\d+: service "tempo": nobody asks whether it is healthy/,
    ],
    [
      'a health check that needs a shell',
      'docker-compose.yml',
      'test: [CMD, /tempo, -health]',
      'test: [CMD-SHELL, /tempo -health]',
      /^docker-compose\.yml:\d+: services\.tempo\.healthcheck\.test: .*no shell$/,
    ],
    [
      'a limit of Loki typed wrong',
      'collector/loki/loki.yaml',
      '  retention_period: 720h',
      '  retention_perod: 720h\n  retention_period: 720h',
      /^collector\/loki\/loki\.yaml:\d+: limits_config\.retention_perod: .* did you mean "retention_period"\?$/,
    ],
    [
      'a duration of Loki',
      'collector/loki/loki.yaml',
      'retention_period: 720h',
      'retention_period: 30 days',
      /^collector\/loki\/loki\.yaml:\d+: limits_config\.retention_period: "30 days" is not what it should be: a duration/,
    ],
    [
      'a server that is not there to send to',
      'collector/prometheus/prometheus.yml',
      'targets: ["alertmanager:9093"] }]\n\n',
      'targets: ["alertmanger:9093"] }]\n\n',
      /^collector\/prometheus\/prometheus\.yml:\d+: there is no service .* "alertmanger"; did you mean "alertmanager"\?$/,
    ],
    [
      'a key of Prometheus typed wrong',
      'collector/prometheus/prometheus.yml',
      'rule_files:',
      'rules_files:',
      /^collector\/prometheus\/prometheus\.yml:\d+: rules_files: "rules_files" is no key here; did you mean "rule_files"\?$/,
    ],
    [
      'a key twice',
      'collector/prometheus/prometheus.yml',
      'rule_files: [rules/*.yml]',
      'rule_files: [rules/*.yml]\nrule_files: []',
      /^collector\/prometheus\/prometheus\.yml:\d+: Cannot parse it: Map keys must be unique/,
    ],
    [
      'an indentation that is none',
      'collector/loki/loki.yaml',
      '  http_listen_port',
      '   http_listen_port',
      /^collector\/loki\/loki\.yaml:\d+: Cannot parse it: /,
    ],
    [
      'a server of Tempo that is not there',
      'collector/tempo/tempo.yaml',
      'http://prometheus:9090',
      'http://promethius:9090',
      /^collector\/tempo\/tempo\.yaml:\d+: there is no service .* "promethius"; did you mean "prometheus"\?$/,
    ],
    [
      'what Prometheus is sent and does not take in',
      'docker-compose.yml',
      '      - --web.enable-remote-write-receiver # Tempo writes the metrics of its service graphs\n',
      '',
      /^collector\/tempo\/tempo\.yaml:\d+: Prometheus refuses what is sent to \/api\/v1\/write: .* has no "--web\.enable-remote-write-receiver"$/,
    ],
    [
      'a receiver that is not defined',
      'collector/alertmanager/alertmanager.yml',
      '- { receiver: page,',
      '- { receiver: pager,',
      /^collector\/alertmanager\/alertmanager\.yml:\d+: there is no receiver "pager"; did you mean "page"\?$/,
    ],
    [
      'an alert that nobody raises',
      'collector/alertmanager/alertmanager.yml',
      'alertname=~"ServiceSilent|',
      'alertname=~"ServiceSilnt|',
      /^collector\/alertmanager\/alertmanager\.yml:\d+: there is no alert "ServiceSilnt"; did you mean "ServiceSilent"\?$/,
    ],
    [
      'an address in place of a file',
      'collector/alertmanager/alertmanager.yml',
      'url_file: /etc/alertmanager/receivers/page-url',
      'url: https://hooks.example/T0/B0',
      /^collector\/alertmanager\/alertmanager\.yml:\d+: receivers\.0\.webhook_configs\.0\.url: "url" is no key here, expected url_file/,
    ],
    [
      'a contact point that is not defined',
      'grafana/provisioning/alerting/contact-points.yaml',
      'receiver: chat,',
      'receiver: chatt,',
      /^grafana\/provisioning\/alerting\/contact-points\.yaml:\d+: there is no contact point "chatt"; did you mean "chat"\?$/,
    ],
    [
      'a data source that a link leads to',
      'grafana/provisioning/datasources/sonde.yaml',
      'datasourceUid: sonde-loki',
      'datasourceUid: sonde-lokki',
      /^grafana\/provisioning\/datasources\/sonde\.yaml:\d+: there is no data source "sonde-lokki"; did you mean "sonde-loki"\?$/,
    ],
    [
      'a dashboard that a link leads to',
      'grafana/dashboards/errors.json',
      '/d/sonde-error-lookup?',
      '/d/sonde-error-lokup?',
      /^grafana\/dashboards\/errors\.json:\d+: there is no dashboard "sonde-error-lokup"; did you mean "sonde-error-lookup"\?$/,
    ],
    [
      'a dashboard that an alert leads to',
      'collector/prometheus/rules/sonde-process.yml',
      '/d/sonde-runtime',
      '/d/sonde-runtimes',
      /^collector\/prometheus\/rules\/sonde-process\.yml:\d+: there is no dashboard "sonde-runtimes"; did you mean "sonde-runtime"\?$/,
    ],
    [
      'a runbook that does not ship',
      'collector/prometheus/rules/sonde-process.yml',
      'runbooks/EventLoopLag.md',
      'runbooks/EventLoopLagg.md',
      /^collector\/prometheus\/rules\/sonde-process\.yml:\d+: there is no runbook "EventLoopLagg\.md"/,
    ],
    [
      'a rule of Grafana whose metric nobody emits',
      'grafana/managed/alerting/rules.yaml',
      'nodejs_eventloop_delay_p99_seconds',
      'nodejs_eventloop_delay_p9_seconds',
      /^grafana\/managed\/alerting\/rules\.yaml:\d+: metric "nodejs_eventloop_delay_p9_seconds" .* did you mean "nodejs_eventloop_delay_p99_seconds"\?$/,
    ],
    [
      'a number of Prometheus in a text of Grafana',
      'grafana/managed/alerting/rules.yaml',
      '{{ $values.query.Value | humanizePercentage',
      '{{ $value | humanizePercentage',
      /^grafana\/managed\/alerting\/rules\.yaml:\d+: rule "\w+": \$value is a sentence in Grafana; expected \$values\.<query>\.Value$/,
    ],
    [
      'a query that a text of Grafana takes its number from',
      'grafana/managed/alerting/rules.yaml',
      '$values.query.Value',
      '$values.quary.Value',
      /^grafana\/managed\/alerting\/rules\.yaml:\d+: rule "\w+": there is no query "quary"; did you mean "query"\?$/,
    ],
    [
      'a rate of a moment',
      'collector/prometheus/rules/sonde-process.yml',
      'v8js_gc_duration_seconds_sum[5m]',
      'v8js_gc_duration_seconds_sum',
      /^collector\/prometheus\/rules\/sonde-process\.yml:\d+: this promql does not parse near .*: rate reads a range, such as \[5m\]$/,
    ],
    [
      'a variable that Grafana is not given',
      'docker-compose.yml',
      '      SONDE_PAGE_URL: ',
      '      SONDE_PAG_URL: ',
      /^grafana\/provisioning\/alerting\/contact-points\.yaml:\d+: there is no variable .* "SONDE_PAGE_URL"; did you mean "SONDE_PAG_URL"\?$/,
    ],
    [
      'a receiver that sends nowhere',
      'collector/alertmanager/alertmanager.yml',
      '    webhook_configs: [{ url_file: /etc/alertmanager/receivers/chat-url, send_resolved: true, max_alerts: 50 }]\n',
      '',
      /^collector\/alertmanager\/alertmanager\.yml:\d+: receiver "chat" sends nowhere$/,
    ],
    [
      'an offset that Loki does not take',
      'collector/loki/rules/fake/sonde-errors.yml',
      '[7d] offset 10m',
      '[7d] offset -10m',
      /sonde-errors\.yml:\d+: this logql does not parse near "offset -" \(column \d+\): Loki takes no negative offset$/,
    ],
    [
      'a severity that is none',
      'collector/prometheus/rules/sonde-process.yml',
      'severity: page',
      'severity: critical',
      /^collector\/prometheus\/rules\/sonde-process\.yml:\d+: groups\.0\.rules\.\d+\.labels\.severity: the severity is page, ticket or info$/,
    ],
    [
      'a variable whose metric nobody emits',
      'grafana/dashboards/runtime.json',
      '"definition": "label_values(process_start_time_seconds',
      '"definition": "label_values(proces_start_time_seconds',
      /^grafana\/dashboards\/runtime\.json:\d+: metric "proces_start_time_seconds" .* did you mean "process_start_time_seconds"\?$/,
    ],
    [
      'JSON that only YAML reads',
      'grafana/dashboards/runtime.json',
      '"schemaVersion": 41,',
      '"schemaVersion": 41, // a comment',
      /^grafana\/dashboards\/runtime\.json:\d+: Cannot parse it: /,
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
    expect(verifyStack(dir).findings.map(findingLine)).toContain('collector/runbooks/HandleLeak.md: is missing; run `sonde stack generate`');
    writeFileSync(path, text);
  });
});
