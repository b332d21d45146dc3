import { isMainThread } from 'node:worker_threads';
import { openSonde } from '../runtime/open-sonde.ts';
import { startPreloaded } from '../runtime/start.ts';

// A worker thread inherits --import: our own would start another, and so on. A worker of the program calls start() itself.
// No top-level await, so that require() takes this file too: with our own engine all is in place without it.
if (isMainThread) void startPreloaded(openSonde);
