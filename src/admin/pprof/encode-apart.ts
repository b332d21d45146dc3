import { Worker } from 'node:worker_threads';
import { OWN_URL } from '../../core/package-paths.ts';
import { encodeJob } from './encode.ts';
import type { Job } from './job.ts';

const HEAP_MB = 1_024; // source maps of a few bundles, decoded

/**
 * Writes a profile on a thread of its own: a bundle's source map takes a second to decode, and the program goes on
 * meanwhile. Where there is no thread to be had (and in tests on the sources, which no thread can load) it is written here.
 */
export async function encodeApart(job: Job, signal: AbortSignal): Promise<Buffer> {
  const worker = open(job);
  if (worker === undefined) return encodeJob(job);
  const leave = (): void => void worker.terminate();
  signal.addEventListener('abort', leave);
  try {
    const bytes = await new Promise<Uint8Array | undefined>((resolve) => {
      worker.once('message', resolve);
      worker.once('error', () => resolve(undefined));
      worker.once('exit', () => resolve(undefined));
    });
    if (bytes !== undefined) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return signal.aborted ? Buffer.alloc(0) : encodeJob(job);
  } finally {
    signal.removeEventListener('abort', leave);
    void worker.terminate();
  }
}

function open(job: Job): Worker | undefined {
  try {
    const env: NodeJS.ProcessEnv = { ...process.env };
    delete env['NODE_OPTIONS']; // an --import in it would start telemetry there
    const worker = new Worker(new URL('admin/pprof/encode-worker.js', OWN_URL), {
      name: 'sonde-profile',
      workerData: job,
      execArgv: [],
      env,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    worker.unref();
    return worker;
  } catch {
    return undefined;
  }
}
