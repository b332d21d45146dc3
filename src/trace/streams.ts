import { errorMonitor } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { ReadableWritablePair, StreamPipeOptions } from 'node:stream/web';
import { runInScope } from '../core/scope.ts';
import { closeCall, type OpenCall } from './call.ts';
import { type Followed, follow } from './followed.ts';

/**
 * A stream of Node.js: the call ends with it, well or with its error. Nothing of it is read, and an error that nobody
 * listens for still ends the process (`finished` of node:stream would swallow it).
 */
export function followNodeStream(call: OpenCall, stream: Readable | Writable): void {
  const { readableEnded, writableFinished, destroyed } = stream as Partial<Readable & Writable>;
  const isReadable = readableEnded !== undefined;
  if (destroyed || readableEnded || (!isReadable && writableFinished)) {
    closeCall(call.scope, 'ok');
    return;
  }
  follow(call, stream, (followed) => {
    const ended = (): void => followed.endOk(); // closed early by its reader too: as `break` in a loop
    stream.on(errorMonitor, (error: unknown) => followed.endFailed(error));
    stream.on('close', ended);
    // A transform ends when it has been read to its end, not when it has been written to.
    stream.on(isReadable ? 'end' : 'finish', ended);
  });
}

/** Whether `value` is a readable stream of the web. Found by its shape: there are several implementations. */
export function isWebStream(value: object): value is ReadableStream {
  const stream = value as Partial<ReadableStream>;
  return typeof stream.getReader === 'function' && typeof stream.pipeTo === 'function' && typeof stream.tee === 'function';
}

/** A readable stream of the web: each way to use it up is watched; the first one is the call's. */
export function followWebStream(call: OpenCall, stream: ReadableStream): void {
  follow(call, stream, (followed) => watchWebStream(followed, stream));
}

function watchWebStream(followed: Followed, stream: ReadableStream): void {
  const { getReader, pipeTo, pipeThrough, cancel } = stream;
  define(stream, 'getReader', function (this: ReadableStream, ...args: [never]) {
    const reader = getReader.apply(this, args) as ReadableStreamDefaultReader;
    endWith(followed, reader.closed);
    return reader;
  });
  define(stream, 'pipeTo', function (this: ReadableStream, ...args: [WritableStream]) {
    const piped = pipeTo.apply(this, args);
    endWith(followed, piped);
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
    endWith(followed, cancelled);
    return cancelled;
  });
  const iterate = function (this: ReadableStream, options?: { preventCancel?: boolean }) {
    return iterateReader(followed, getReader.call(this) as ReadableStreamDefaultReader, options?.preventCancel === true);
  };
  define(stream, 'values', iterate);
  define(stream, Symbol.asyncIterator, iterate);
}

async function* iterateReader(followed: Followed, reader: ReadableStreamDefaultReader, preventCancel: boolean): AsyncGenerator<unknown, void> {
  let left = true;
  try {
    for (;;) {
      const step = await (followed.isOpen ? runInScope(followed.scope, () => reader.read()) : reader.read());
      if (step.done) break;
      yield step.value;
    }
    left = false;
  } catch (error) {
    left = false;
    throw followed.endFailed(error);
  } finally {
    if (left && !preventCancel) await reader.cancel();
    reader.releaseLock();
    followed.endOk();
  }
}

function endWith(followed: Followed, done: Promise<unknown>): void {
  done.then(
    () => followed.endOk(),
    (error: unknown) => {
      // A reader that was released: the stream can still be read by another.
      if ((error as { code?: unknown } | null)?.code !== 'ERR_INVALID_STATE') followed.endFailed(error);
    },
  );
}

function ignore(): void {}

function define(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: false });
}
