const calls = (peer) => async () => (await import(`../peers/${peer}.mjs`)).calls({ asynchronous: false, started: false });

export const scenario = {
  title: 'A synchronous function in a program that never starts telemetry',
  reference: 'OpenTelemetry API without an SDK',
  variants: {
    'no instrumentation': calls('bare'),
    sonde: calls('sonde'),
    'OpenTelemetry API without an SDK': calls('opentelemetry'),
  },
};
