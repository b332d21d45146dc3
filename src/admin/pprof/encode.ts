import { gzipSync } from 'node:zlib';
import { encodeCpuProfile } from './cpu-profile.ts';
import { encodeHeapProfile } from './heap-profile.ts';
import type { Job } from './job.ts';

/** Writes a profile in pprof's format, compressed. Reads the source maps of all its files: not for a thread that serves. */
export function encodeJob(job: Job): Buffer {
  return gzipSync(job.kind === 'cpu' ? encodeCpuProfile(job) : encodeHeapProfile(job));
}
