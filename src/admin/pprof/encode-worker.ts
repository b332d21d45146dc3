import { parentPort, workerData } from 'node:worker_threads';
import { encodeJob } from './encode.ts';
import type { Job } from './job.ts';

parentPort?.postMessage(encodeJob(workerData as Job));
