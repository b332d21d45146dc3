import { metrics } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import pino from 'pino';
import { collectDefaultMetrics, register } from 'prom-client';
import { ready } from './ready.mjs';

new NodeSDK({ serviceName: 'bench', traceExporter: new OTLPTraceExporter(), instrumentations: [new HttpInstrumentation()] }).start();
collectDefaultMetrics({ register });
pino();
metrics.getMeter('bench');
ready();
