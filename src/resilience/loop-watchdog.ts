import { Worker } from 'node:worker_threads';

/**
 * A thread that watches whether the event loop turns. When it does not, it pauses the main thread for a moment by the inspector and
 * reads its stack: the only way to name a function that never yields. It sleeps otherwise, and never holds the process.
 */
export interface LoopWatchdog {
  /** Tells that the loop turns. */
  beat(): void;
  /** The function at which the loop was found blocked since the last call, `name (file:line:column)`; `undefined` where none was caught. */
  takeCulprit(): string | undefined;
  stop(): void;
}

const TEXT_BYTES = 1_024; // one frame
const POLL_SHARE = 4; // looks per limit: a block is caught at 1.25 limits at the latest

/** The thread's program. It is text, so that it runs the same from sources, from dist and in a bundle. */
const PROGRAM = `
const { workerData } = require('node:worker_threads');
const { Session } = require('node:inspector');
const beats = new Int32Array(workerData.beats);
const text = new Uint8Array(workerData.text);
const { limitMs, pollMs } = workerData;
let last = -1, since = Date.now(), caught = false, looked = Date.now();
const timer = setInterval(() => {
  const now = Date.now();
  const slept = now - looked > 2 * pollMs + 100; // this thread did not run either: the machine was busy or asleep
  looked = now;
  const beat = Atomics.load(beats, 0);
  if (beat !== last || slept) { last = beat; since = now; caught = false; return; }
  if (caught || now - since < limitMs) return;
  caught = true;
  look();
}, pollMs);
function look() {
  const session = new Session();
  try {
    session.connectToMainThread();
    const urls = new Map();
    session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url));
    const urlOf = (frame) => urls.get(frame.location.scriptId) ?? frame.url ?? '';
    session.once('Debugger.paused', ({ params }) => {
      const frame = params.callFrames.find((each) => urlOf(each) !== '' && !urlOf(each).startsWith('node:')) ?? params.callFrames[0];
      if (frame) {
        const { lineNumber, columnNumber } = frame.location;
        const line = (frame.functionName || '<anonymous>') + ' (' + urlOf(frame).replace(/^file:\\/\\//, '') + ':' + (lineNumber + 1) + ':' + ((columnNumber ?? 0) + 1) + ')';
        const bytes = Buffer.from(line).subarray(0, text.length);
        text.set(bytes);
        Atomics.store(beats, 1, bytes.length);
      }
      session.post('Debugger.resume', () => session.disconnect());
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  } catch {
    session.disconnect();
  }
}
`;

/** Starts the watchdog; a loop that does not turn for `limitMs` is looked at. */
export function startLoopWatchdog(limitMs: number): LoopWatchdog {
  const shared = new SharedArrayBuffer(8);
  const beats = new Int32Array(shared);
  const textBuffer = new SharedArrayBuffer(TEXT_BYTES);
  const worker = new Worker(PROGRAM, {
    eval: true,
    name: 'sonde-loop-watchdog',
    workerData: { beats: shared, text: textBuffer, limitMs, pollMs: Math.max(5, Math.floor(limitMs / POLL_SHARE)) },
    env: {},
    execArgv: [],
    stdout: false,
    stderr: false,
  });
  worker.unref();
  worker.on('error', () => {}); // without the watchdog a block is still noticed, only its function is not named
  return {
    beat() {
      Atomics.add(beats, 0, 1);
    },
    takeCulprit() {
      const length = Atomics.exchange(beats, 1, 0);
      return length === 0 ? undefined : Buffer.from(new Uint8Array(textBuffer).slice(0, length)).toString();
    },
    stop() {
      void worker.terminate();
    },
  };
}
