import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../../../src/core/version.ts';
import type { Config } from '../../../../src/runtime/config/config.ts';
import { ConfigError } from '../../../../src/runtime/config/config-error.ts';
import { resolveConfig, SONDE_NAMES } from '../../../../src/runtime/config/resolve.ts';
import type { StartOptions } from '../../../../src/runtime/config/start-options.ts';

type Env = Record<string, string>;

const folder = mkdtempSync(join(tmpdir(), 'sonde-config-'));
const PEM = join(folder, 'any.pem');
writeFileSync(PEM, '-----BEGIN CERTIFICATE-----\n');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const HEADERS = 'expected a list such as key=value,key2=value2, of names and values that a header may have';

function problemsOf(options: unknown, env: Env = {}): readonly string[] {
  try {
    resolveConfig(options as StartOptions, env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  return [];
}

describe('resolveConfig', () => {
  const rows: [string, Env, StartOptions, (config: Config) => unknown, unknown][] = [
    ['a service from OTEL', { OTEL_SERVICE_NAME: 'a' }, {}, (c) => c.service, 'a'],
    [
      'a service from the resource attributes',
      { OTEL_RESOURCE_ATTRIBUTES: 'service.name=b,team=x%20y' },
      {},
      (c) => [c.service, c.resource.team],
      ['b', 'x y'],
    ],
    ['the service name over the attributes', { OTEL_SERVICE_NAME: 'a', OTEL_RESOURCE_ATTRIBUTES: 'service.name=b' }, {}, (c) => c.service, 'a'],
    ['the option over both', { OTEL_SERVICE_NAME: 'a' }, { service: 'c' }, (c) => c.service, 'c'],
    ['the name of package.json', {}, {}, (c) => c.service, 'sonde'],
    ['an empty variable as unset', { OTEL_SERVICE_NAME: '', SONDE_LOG_LEVEL: '' }, {}, (c) => [c.service, c.logs.level], ['sonde', 'info']],
    ['a level', { SONDE_LOG_LEVEL: 'DEBUG' }, {}, (c) => c.logs.level, 'debug'],
    ['an alias of a level', { SONDE_LOG_LEVEL: 'warning' }, {}, (c) => c.logs.level, 'warn'],
    [
      'the release and the environment',
      { SONDE_RELEASE: '1.2', SONDE_ENVIRONMENT: 'prod' },
      {},
      (c) => [c.resource['service.version'], c.resource['deployment.environment.name']],
      ['1.2', 'prod'],
    ],
    ['no OTLP without an endpoint', { OTEL_EXPORTER_OTLP_HEADERS: 'a=b' }, {}, (c) => c.otlp, undefined],
    [
      'an endpoint with all its settings',
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318',
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key=x%3D1',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_TIMEOUT: '5000',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
      },
      {},
      (c) => c.otlp,
      {
        tracesUrl: 'http://c:4318/v1/traces',
        logsUrl: 'http://c:4318/v1/logs',
        metricsUrl: 'http://c:4318/v1/metrics',
        metricsEveryMs: 60_000,
        headers: { 'api-key': 'x=1' },
        protocol: 'http/json',
        timeoutMs: 5_000,
        compression: 'none',
      },
    ],
    [
      'metrics to push, when a variable of OpenTelemetry asks for it',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_METRICS_EXPORTER: 'prometheus, otlp', OTEL_METRIC_EXPORT_INTERVAL: '5000' },
      {},
      (c) => [c.otlp?.metricsEveryMs, c.otlp?.metricsUrl],
      [5_000, 'http://c/v1/metrics'],
    ],
    ['compression to another machine', {}, { otlp: { endpoint: 'http://c:4318' } }, (c) => c.otlp?.compression, 'gzip'],
    ['no compression to this machine', {}, { otlp: { endpoint: 'http://localhost:4318' } }, (c) => c.otlp?.compression, 'none'],
    [
      'compression to this machine where it is asked for',
      { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://[::1]:4318' },
      {},
      (c) => c.otlp?.compression,
      'gzip',
    ],
    [
      'metrics to push, by option',
      { OTEL_METRICS_EXPORTER: 'none' },
      { otlp: { endpoint: 'http://c', metrics: '10s' } },
      (c) => c.otlp?.metricsEveryMs,
      10_000,
    ],
    [
      'an endpoint of one signal as it is',
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t/x', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c/base/' },
      {},
      (c) => [c.otlp?.tracesUrl, c.otlp?.logsUrl],
      ['http://t/x', 'http://c/base/v1/logs'],
    ],
    [
      'the option over the variable',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' },
      { otlp: { endpoint: 'http://d' } },
      (c) => c.otlp?.tracesUrl,
      'http://d/v1/traces',
    ],
    [
      'what is set for one signal',
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c:4318',
        OTEL_EXPORTER_OTLP_HEADERS: 'a=1',
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'b=2',
        OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '100',
        OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: 'none',
      },
      {},
      (c) => [c.otlp?.headers, c.otlp?.bySignal],
      [{ a: '1' }, { traces: { headers: { b: '2' } }, logs: { protocol: 'http/json' }, metrics: { timeoutMs: 100, compression: 'none' } }],
    ],
    [
      'certificates',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c', OTEL_EXPORTER_OTLP_CERTIFICATE: PEM, OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: PEM },
      { otlp: { tls: { clientCertificate: PEM, clientKey: PEM } } },
      (c) => [c.otlp?.tls, c.otlp?.bySignal?.traces?.tls],
      [
        { certificate: PEM, clientCertificate: PEM, clientKey: PEM },
        { certificate: PEM, clientCertificate: undefined, clientKey: undefined },
      ],
    ],
    [
      'signals that are not sent',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_TRACES_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'none' },
      {},
      (c) => [c.otlp?.off, c.otlp?.metricsEveryMs],
      [['traces'], undefined],
    ],
    ['propagators, each once', { OTEL_PROPAGATORS: 'baggage,tracecontext,baggage' }, {}, (c) => c.propagators, ['baggage', 'tracecontext']],
    ['no sampler', {}, {}, (c) => c.sampler, { parentBased: true, ratio: 1 }],
    ['a ratio sampler', { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, {}, (c) => c.sampler, { parentBased: false, ratio: 0.25 }],
    ['a parent-based sampler that drops', { OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, {}, (c) => c.sampler, { parentBased: true, ratio: 0 }],
    ['the sampling option', { OTEL_TRACES_SAMPLER: 'always_off' }, { sampling: { ratio: 0.5 } }, (c) => c.sampler, { parentBased: true, ratio: 0.5 }],
    ['propagators', { OTEL_PROPAGATORS: 'tracecontext' }, {}, (c) => c.propagators, ['tracecontext']],
    ['no propagators', { OTEL_PROPAGATORS: 'none' }, {}, (c) => c.propagators, []],
    ['disabled', { OTEL_SDK_DISABLED: 'true' }, {}, (c) => c.disabled, true],
    ['the prefix, without its last slash', {}, { admin: { prefix: '/ops/admin/' } }, (c) => c.admin.prefix, '/ops/admin'],
    ['the heap profile from the environment', { SONDE_HEAP_PROFILE: 'true' }, {}, (c) => c.admin.heapProfile, true],
    ['no heap profile', {}, {}, (c) => c.admin.heapProfile, false],
    ['no prefix', {}, { admin: { prefix: '/' } }, (c) => c.admin.prefix, ''],
    ['disabled, in any case', { OTEL_SDK_DISABLED: ' TRUE ' }, {}, (c) => c.disabled, true],
    ['disabled by 1, which OpenTelemetry reads as false', { OTEL_SDK_DISABLED: '1' }, {}, (c) => c.disabled, false],
    ['disabled by any other word', { OTEL_SDK_DISABLED: 'off course' }, {}, (c) => c.disabled, false],
    [
      'an admin port and token',
      { SONDE_ADMIN_PORT: '9464', SONDE_ADMIN_TOKEN: 't' },
      {},
      (c) => [c.admin.port, c.admin.token, c.admin.host],
      [9464, 't', '127.0.0.1'],
    ],
    ['port 0', {}, { admin: { port: 0 } }, (c) => c.admin.port, 0],
    ['no HTTP', {}, { http: false }, (c) => c.http, false],
    ['an HTTP limit', {}, { http: { limit: '2s' } }, (c) => c.http !== false && c.http.limitMs, 2_000],
    ['retention', {}, { retention: { age: '1d' } }, (c) => c.retention, { ageMs: 86_400_000, bytes: 1_073_741_824 }],
    ['batch limits', { OTEL_BSP_MAX_QUEUE_SIZE: '10' }, {}, (c) => c.batch, { delayMs: undefined, queueSize: 10, batchSize: undefined }],
    ['other variables are left alone', { OTEL_LOG_LEVEL: 'x', SONDER: '1' }, {}, (c) => c.disabled, false],
  ];
  it.each(rows)('reads %s', (_name, env, options, pick, expected) => {
    expect(pick(resolveConfig(options, env))).toEqual(expected);
  });

  const mistakes: [unknown, Env, string][] = [
    [{}, { SONDE_LOGLEVEL: 'info' }, 'SONDE_LOGLEVEL is not known, did you mean SONDE_LOG_LEVEL?'],
    [{}, { SONDE_ADMIN_TOKNE: 'x' }, 'SONDE_ADMIN_TOKNE is not known, did you mean SONDE_ADMIN_TOKEN?'],
    [{}, { SONDE_XYZZY_PLUGH: 'x' }, 'SONDE_XYZZY_PLUGH is not known'],
    [{}, { SONDE_ADMIN_PORT: 'abc' }, 'SONDE_ADMIN_PORT is "abc", expected a port from 0 to 65535'],
    [{}, { SONDE_ADMIN_PORT: '70000' }, 'SONDE_ADMIN_PORT is "70000", expected a port from 0 to 65535'],
    [{}, { SONDE_LOG_LEVEL: 'loud' }, 'SONDE_LOG_LEVEL is "loud", expected one of trace, debug, info, warn, error, fatal, off'],
    [{}, { SONDE_LOG_FORMAT: 'xml' }, 'SONDE_LOG_FORMAT is "xml", expected one of json, text'],
    [{}, { SONDE_LOKI_URL: 'loki' }, 'SONDE_LOKI_URL is "loki", expected an http:// or https:// URL'],
    [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'c:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT is "c:4318", expected an http:// or https:// URL'],
    [
      {},
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", expected http/protobuf or http/json (gRPC is not supported; collectors take OTLP over HTTP on port 4318)',
    ],
    [{}, { OTEL_EXPORTER_OTLP_HEADERS: 'secret' }, `OTEL_EXPORTER_OTLP_HEADERS is unusable, ${HEADERS}`],
    [{}, { OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=x%0Ay' }, `OTEL_EXPORTER_OTLP_TRACES_HEADERS is unusable, ${HEADERS}`],
    [{ otlp: { headers: { 'no name': 'x' } } }, {}, `otlp.headers is unusable, ${HEADERS}`],
    [{}, { OTEL_EXPORTER_OTLP_CERTIFICATE: '/none.pem' }, 'OTEL_EXPORTER_OTLP_CERTIFICATE is "/none.pem", expected the path of a PEM file that can be read'],
    [
      {},
      { OTEL_EXPORTER_OTLP_CLIENT_KEY: PEM },
      'only one of OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY is usable, expected both or none',
    ],
    [{}, { OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER is "zipkin", expected one of otlp, none'],
    [{}, { OTEL_PROPAGATORS: 'b3' }, 'OTEL_PROPAGATORS is "b3", expected a list of tracecontext, baggage, none'],
    [{}, { OTEL_TRACES_SAMPLER_ARG: '2' }, 'OTEL_TRACES_SAMPLER_ARG is "2", expected a number from 0 to 1'],
    [
      {},
      { OTEL_TRACES_SAMPLER: 'jaeger_remote' },
      'OTEL_TRACES_SAMPLER is "jaeger_remote", expected one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio',
    ],
    [{ serivce: 'x' }, {}, 'option serivce is not known, did you mean service?'],
    [{ logs: { levle: 'x' } }, {}, 'option logs.levle is not known, did you mean level?'],
    [{ logs: 'debug' }, {}, 'option logs is "debug", expected an object'],
    [{ logs: { levels: { a: 'loud' } } }, {}, 'logs.levels is an object, expected an object of levels by logger name'],
    [{ http: { limit: 2_000 } }, {}, 'http.limit is 2000, expected a duration with its unit, such as "250ms", "2s" or "7d"'],
    [{ admin: { authorize: true } }, {}, 'admin.authorize is true, expected a function'],
    [7, {}, 'options is 7, expected an object'],
  ];
  it.each(mistakes)('of %j and %j says the problem', (options, env, line) => {
    expect(problemsOf(options, env)).toEqual([line]);
  });

  it('lists every problem at once, a line each', () => {
    const env = { SONDE_ADMIN_PORT: 'x', SONDE_NOPE_NOPE: '1', OTEL_TRACES_SAMPLER_ARG: 'y' };
    const options = { service: 5, colour: 'red' };
    expect(problemsOf(options, env).length).toBe(5);
    expect(() => resolveConfig(options as never, env)).toThrow(/^Cannot start Sonde: 5 problems in its configuration\n( {2}.+\n){4} {2}.+$/);
  });

  it('checks a variable also where an option wins', () => {
    expect(problemsOf({ logs: { level: 'info' } }, { SONDE_LOG_LEVEL: 'loud' }).length).toBe(1);
  });

  it('never repeats a secret', () => {
    expect(problemsOf({ admin: { token: 7 } })).toEqual(['admin.token is unusable, expected a text that is not empty']);
  });

  it('knows the variables of the contract', () => {
    expect(SONDE_NAMES.length).toBe(16);
  });

  it('carries the version of package.json', () => {
    expect(VERSION).toBe((JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version);
  });
});

it('an address that is none is shown without its password', () => {
  const [problem] = problemsOf({}, { OTEL_EXPORTER_OTLP_ENDPOINT: `grpc://app:${'s3cret'.repeat(30)}@collector` });
  expect(problem).toBe('OTEL_EXPORTER_OTLP_ENDPOINT is "grpc://[redacted]@collector", expected an http:// or https:// URL');
});
