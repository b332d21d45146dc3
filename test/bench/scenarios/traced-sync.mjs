const calls = (peer) => async () => (await import(`../peers/${peer}.mjs`)).calls({ asynchronous: false, sampled: true });

export const scenario = {
  title: 'A synchronous function, sampled, with RED metrics',
  targets: [{ variant: 'sonde', atMost: { 20: 0.08, 24: 0.18 } }],
  reference: 'hand-written OpenTelemetry + prom-client',
  variants: {
    'no instrumentation': calls('bare'),
    sonde: calls('sonde'),
    'hand-written OpenTelemetry + prom-client': calls('hand-written'),
    'OpenTelemetry span alone': calls('opentelemetry'),
    'dd-trace wrap': calls('dd-trace'),
    'logfire instrument': calls('logfire'),
    'Sentry startSpan': calls('sentry'),
  },
};
