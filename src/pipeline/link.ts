import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { clock } from '../core/clock.ts';
import { forget, resolved, warn } from '../core/diag.ts';
import { safeMessage } from '../core/json.ts';
import { OWN_URL } from '../core/package-paths.ts';
import {
  BEGUN,
  FLUSHED,
  type FlushMessage,
  type FlushMode,
  type FromWorker,
  SETTLED,
  SLOT_STATES,
  STOP_ASKED,
  STOPPING,
  type ToWorker,
  WORKING,
  type WorkerInput,
} from './messages.ts';
import { SLOTS } from './rows.ts';

/** A worker that dies again soon is started after a pause, doubled up to the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** A worker that ran this long died of something new. */
const HEALTHY_MS = 60_000;
/**
 * What an answer may take beyond the limit of a flush: the worker may be in the middle of a batch, and after the last flush
 * what it does not put in the spool is lost. The limit is for the receiver; on a busy machine encoding and writing take time.
 */
const GRACE_MS: Readonly<Record<FlushMode, number>> = { wait: 250, park: 250, last: 2_000 };
/** At the end of the process each batch that is settled gives the worker that time anew, up to this: a starved disk or processor is no reason to lose what can be kept. */
const STARVED_MS = 10_000;
/**
 * How long a worker that was not done in time may take to put down what it is doing: one batch. A thread that is ended
 * inside the SQLite binding takes the whole process with it (`terminate called after throwing Napi::Error`, SIGABRT).
 */
const PUT_DOWN_MS = 2_000;
/** The most that the end of the process waits for a worker to begin, and how often it looks whether one lives. */
const BEGIN_MS = 5_000;
const LOOK_MS = 20;
/** The worker's heap: a runaway worker must end, not the process. The queue's bounds keep it far below. */
const WORKER_HEAP_MB = 256;

export interface LinkOptions {
  /** What a worker is started with; called for each. */
  input(): WorkerInput;
  /** What a new worker has to do first. */
  begin(post: (message: ToWorker) => void): void;
}

/** The app thread's hold on the worker: starts it, starts it again, talks with it, never waits for it (but at the end). */
export class WorkerLink {
  readonly #options: LinkOptions;
  readonly #control: Int32Array;
  #worker: Worker | undefined;
  #port: MessagePort | undefined;
  #flushes = new Map<number, { readonly message: FlushMessage; done(): void }>();
  #nextFlush = 1;
  /** What the worker said; over when the pipeline is. */
  readonly #problems = new Set<string>();
  #startedMono = 0;
  /** What the count of workers that have begun is when the present one has. */
  #started = 0;
  #pauseMs = 0;
  #stopping = false;
  /** The flush after which the worker ends by itself; 0 before there is one. */
  #lastFlush = 0;

  constructor(options: LinkOptions, control: Int32Array) {
    this.#options = options;
    this.#control = control;
  }

  start(): void {
    const { port1, port2 } = new MessageChannel();
    let worker: Worker;
    try {
      const env: NodeJS.ProcessEnv = { ...process.env };
      delete env['NODE_OPTIONS']; // an --import in it would start telemetry for the telemetry
      worker = new Worker(new URL('pipeline/worker/main.js', OWN_URL), {
        name: 'sonde',
        workerData: { input: this.#options.input(), port: port2 },
        transferList: [port2],
        execArgv: [],
        env,
        // Nobody reads them, because a reader would hold the process: ours is silent, and a warning of Node's about a
        // module we use must not mix with the program's output.
        stdout: true,
        stderr: true,
        resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
      });
    } catch (error) {
      this.#restart(safeMessage(error));
      return;
    }
    let reason = '';
    worker.on('error', (error) => {
      reason = safeMessage(error);
    });
    worker.on('exit', (code) => {
      if (this.#worker === worker) this.#died(reason || `exit code ${code}`);
    });
    worker.once('online', () => worker.performance.eventLoopUtilization()); // see isGone
    port1.on('message', (message: FromWorker) => this.#receive(message));
    worker.unref();
    port1.unref();
    this.#worker = worker;
    this.#port = port1;
    this.#startedMono = clock.mono();
    this.#started = Atomics.load(this.#control, BEGUN) + 1;
    Atomics.store(this.#control, STOPPING, WORKING); // the last one may have died when it had just stopped
    this.#options.begin((message) => port1.postMessage(message));
    for (const { message } of this.#flushes.values()) port1.postMessage(message);
  }

  /** Posts to the worker, where one runs. */
  post(message: ToWorker): void {
    this.#port?.postMessage(message);
  }

  /** Asks for everything to be brought home; holds the process until it is or `withinMs` have passed. Answers whether it is. */
  async flush(withinMs: number): Promise<boolean> {
    this.#startNow();
    const message = this.#ask(withinMs, 'wait');
    return new Promise((resolve) => {
      const end = (done: boolean): void => {
        clearTimeout(timer);
        this.#flushes.delete(message.id);
        resolve(done);
      };
      // A timer of Node's own, which holds the process: also while a worker that died is replaced.
      const timer = setTimeout(() => end(false), withinMs + GRACE_MS.wait);
      this.#flushes.set(message.id, { message, done: () => end(true) });
      if (this.#port === undefined) end(false);
    });
  }

  /** The same without the event loop: blocks this thread until it is done or `withinMs` have passed. */
  flushSync(withinMs: number, mode: FlushMode): boolean {
    this.#startNow();
    if (this.#port === undefined) return false;
    if (mode === 'last') this.#stopping = true;
    const message = this.#ask(withinMs, mode);
    const { id } = message;
    this.#waitFor(message, withinMs);
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) this.#receive(next.message as FromWorker);
    const isDone = Atomics.load(this.#control, FLUSHED) >= id;
    if (mode === 'last' && !isDone) this.#putDownSync();
    return isDone;
  }

  /** The thread ends next: the worker must not be inside a native call then. */
  #putDownSync(): void {
    if (!this.#askToStop()) return;
    Atomics.wait(this.#control, STOPPING, STOP_ASKED, PUT_DOWN_MS);
  }

  /** Whether there is something to wait for: a worker that has done the last flush has put everything down, and hears nothing more. */
  #askToStop(): boolean {
    if (Atomics.compareExchange(this.#control, STOPPING, WORKING, STOP_ASKED) !== WORKING) return false;
    this.post({ kind: 'stop' });
    return true;
  }

  /** The limit counts from when the worker has begun: on a busy machine a thread may take long to start. */
  #waitFor(message: FlushMessage, withinMs: number): void {
    const graceMs = GRACE_MS[message.mode];
    const latestMono = clock.mono() + withinMs + STARVED_MS;
    let settled = this.#settled();
    const beginBy = clock.mono() + BEGIN_MS;
    let untilMono: number | undefined;
    for (;;) {
      const done = Atomics.load(this.#control, FLUSHED);
      if (done >= message.id) return;
      if (this.#isGone()) this.#replace(message);
      if (untilMono === undefined && Atomics.load(this.#control, BEGUN) >= this.#started) untilMono = clock.mono() + withinMs + graceMs;
      const settledNow = this.#settled();
      if (settledNow !== settled && message.mode === 'last') untilMono = Math.min(latestMono, Math.max(untilMono ?? 0, clock.mono() + graceMs));
      settled = settledNow;
      const leftMs = (untilMono ?? beginBy) - clock.mono();
      if (leftMs <= 0) return;
      Atomics.wait(this.#control, FLUSHED, done, Math.min(leftMs, LOOK_MS));
    }
  }

  /** Batches that the worker has settled since their slots were taken back. */
  #settled(): number {
    let count = 0;
    for (let slot = 0; slot < SLOTS; slot++) if (Atomics.load(this.#control, SLOT_STATES + slot) === SETTLED) count++;
    return count;
  }

  /**
   * Whether the worker has died, which its `exit` event tells only when the event loop goes on. The idle time of a thread
   * that has ended is -1, where it was asked for once before (tested on Node 20 to 26; elsewhere the wait ends by its limit).
   */
  #isGone(): boolean {
    return (this.#worker?.performance.eventLoopUtilization().idle ?? 0) < 0;
  }

  /** The next worker takes over while this thread waits for `message`. */
  #replace(message: FlushMessage): void {
    this.#worker = undefined;
    this.#port?.close();
    this.#port = undefined;
    this.start();
    this.post(message);
  }

  /** Does not wait for the pause after a death: there may be no later. */
  #startNow(): void {
    if (this.#port === undefined && !this.#stopping) this.start();
  }

  #ask(withinMs: number, mode: FlushMode): FlushMessage {
    const message: FlushMessage = { kind: 'flush', id: this.#nextFlush++, withinMs, mode };
    if (mode === 'last') this.#lastFlush = message.id;
    this.post(message);
    return message;
  }

  /** Ends the worker for good; the last flush comes before. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker !== undefined) {
      worker.ref();
      await worker.terminate();
    }
    this.#port?.close();
    this.#port = undefined;
    for (const problem of this.#problems) forget(problem);
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'flushed') this.#flushes.get(message.id)?.done();
    else if (message.over) resolved(message.problem, message.line);
    else {
      this.#problems.add(message.problem);
      warn(message.problem, message.line);
    }
  }

  #died(reason: string): void {
    this.#worker = undefined;
    this.#port?.close();
    this.#port = undefined;
    const isDone = this.#lastFlush > 0 && Atomics.load(this.#control, FLUSHED) >= this.#lastFlush;
    if (isDone)
      for (const flush of [...this.#flushes.values()]) flush.done(); // its answer may have been on the port that is closed
    else if (!this.#stopping) this.#restart(reason);
  }

  #restart(reason: string): void {
    if (clock.mono() - this.#startedMono > HEALTHY_MS) this.#pauseMs = 0;
    warn('pipeline-worker', `the telemetry worker ended (${reason}); a new one takes over, and what it had not finished is done again`);
    const pauseMs = this.#flushes.size > 0 ? Math.min(FIRST_PAUSE_MS, this.#pauseMs) : this.#pauseMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
    clock.setTimeout(() => this.#startNow(), pauseMs);
  }
}
