const calls = (peer) => async () => (await import(`../peers/${peer}.mjs`)).calls({ asynchronous: false, started: false });

export const scenario = {
  title: 'A synchronous function in a program that never starts telemetry',
  targets: [{ variant: 'sonde', atMost: { 20: 1, 24: 1 } }],
  reference: 'OpenTelemetry API without an SDK',
  variants: {
    'no instrumentation': calls('bare'),
    sonde: calls('sonde'),
    'OpenTelemetry API without an SDK': calls('opentelemetry'),
  },
};
