import tracer from 'dd-trace';
import { work, workAsync } from './work.mjs';

/** dd-trace with an agent that takes everything (it has no exporter that discards in process). */
export function startDatadog({ rate = 1, plugins = false } = {}) {
  process.env.DD_TRACE_AGENT_URL = process.env.BENCH_SINK;
  process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = 'false';
  tracer.init({ service: 'bench', sampleRate: rate, startupLogs: false, remoteConfig: { enabled: false }, plugins });
}

export function calls({ asynchronous, sampled }) {
  startDatadog({ rate: sampled ? 1 : 0 });
  const op = tracer.wrap('work', asynchronous ? workAsync : work);
  return { asynchronous, op };
}
