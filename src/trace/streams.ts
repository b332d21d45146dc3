import { errorMonitor } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { ReadableWritablePair, StreamPipeOptions } from 'node:stream/web';
import { runInScope } from '../core/scope.ts';
import type { OpenCall } from './call.ts';
import { type CallState, endFailed, endOk, watchAbandoned } from './open-call.ts';

/**
 * A stream of Node.js: the call ends with it, well or with its error. Nothing of it is read, and an error that nobody
 * listens for still ends the process (`finished` of node:stream would swallow it).
 */
export function followNodeStream(call: OpenCall, stream: Readable | Writable): void {
  const state = watchAbandoned(call);
  const { readableEnded, writableFinished, destroyed } = stream as Partial<Readable & Writable>;
  const isReadable = readableEnded !== undefined;
  if (destroyed || readableEnded || (!isReadable && writableFinished)) {
    endOk(state);
    return;
  }
  const ended = (): void => endOk(state); // closed early by its reader too: as `break` in a loop
  stream.once(errorMonitor, (error: unknown) => endFailed(state, error));
  stream.once('close', ended);
  // A transform ends when it has been read to its end, not when it has been written to.
  stream.once(isReadable ? 'end' : 'finish', ended);
  state.holdBy(stream);
}

/** Whether `value` is a readable stream of the web. Found by its shape: there are several implementations. */
export function isWebStream(value: object): value is ReadableStream {
  const stream = value as Partial<ReadableStream>;
  return typeof stream.getReader === 'function' && typeof stream.pipeTo === 'function' && typeof stream.tee === 'function';
}

/** A readable stream of the web: each way to use it up is watched; the first one is the call's. */
export function followWebStream(call: OpenCall, stream: ReadableStream): void {
  const state = watchAbandoned(call);
  const { getReader, pipeTo, pipeThrough, cancel } = stream;
  define(stream, 'getReader', function (this: ReadableStream, ...args: [never]) {
    const reader = getReader.apply(this, args) as ReadableStreamDefaultReader;
    follow(state, reader.closed);
    return reader;
  });
  define(stream, 'pipeTo', function (this: ReadableStream, ...args: [WritableStream]) {
    const piped = pipeTo.apply(this, args);
    follow(state, piped);
    return piped;
  });
  define(stream, 'pipeThrough', function (this: ReadableStream, ...args: [ReadableWritablePair, StreamPipeOptions?]) {
    const [pair, options] = args;
    if (this.locked || pair?.writable?.locked !== false) return pipeThrough.apply(this, args); // which throws
    // As the standard defines it, by way of the watched `pipeTo`.
    this.pipeTo(pair.writable, options).catch(ignore);
    return pair.readable;
  });
  define(stream, 'cancel', function (this: ReadableStream, ...args: [unknown]) {
    const cancelled = cancel.apply(this, args);
    follow(state, cancelled);
    return cancelled;
  });
  const iterate = function (this: ReadableStream, options?: { preventCancel?: boolean }) {
    return iterateReader(state, getReader.call(this) as ReadableStreamDefaultReader, options?.preventCancel === true);
  };
  define(stream, 'values', iterate);
  define(stream, Symbol.asyncIterator, iterate);
  state.holdBy(stream);
}

async function* iterateReader(state: CallState, reader: ReadableStreamDefaultReader, preventCancel: boolean): AsyncGenerator<unknown, void> {
  let left = true;
  try {
    for (;;) {
      const step = await runInScope(state.call.scope, () => reader.read());
      if (step.done) break;
      yield step.value;
    }
    left = false;
  } catch (error) {
    left = false;
    throw endFailed(state, error);
  } finally {
    if (left && !preventCancel) await reader.cancel();
    reader.releaseLock();
    endOk(state);
  }
}

function follow(state: CallState, done: Promise<unknown>): void {
  done.then(
    () => endOk(state),
    (error: unknown) => {
      // A reader that was released: the stream can still be read by another.
      if ((error as { code?: unknown } | null)?.code !== 'ERR_INVALID_STATE') endFailed(state, error);
    },
  );
}

function ignore(): void {}

function define(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: false });
}
