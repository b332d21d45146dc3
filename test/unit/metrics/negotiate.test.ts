import { describe, expect, it } from 'vitest';
import { negotiate } from '../../../src/metrics/negotiate.ts';

describe('negotiate', () => {
  it.each([
    [undefined, 'prometheus'],
    ['', 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/plain', 'prometheus'],
    ['text/html', 'prometheus'],
    ['application/openmetrics-text', 'openmetrics'],
    ['Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8', 'openmetrics'],
    ['application/openmetrics-text;version="1.0.0"', 'openmetrics'],
    ['application/openmetrics-text;version=0.0.1', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['application/openmetrics-text;q=0.5,text/plain;q=0.6', 'prometheus'],
    ['application/openmetrics-text;q=0.6,text/plain;q=0.5', 'openmetrics'],
    ['text/plain,application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text;q=2', 'prometheus'],
    ['application/openmetrics-text;q=0.1234', 'prometheus'],
    ['application/openmetrics-text;q=', 'prometheus'],
    ['application/openmetrics-text; q=0.001, */*', 'openmetrics'],
    // What Prometheus 3 sends.
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
    // Prometheus 3 with protobuf.
    [
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
  ])('%s gets %s', (accept, format) => {
    expect(negotiate(accept)).toBe(format);
  });
});
