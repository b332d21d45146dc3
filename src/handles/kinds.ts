import { inspect } from 'node:util';

/** The kinds of things that a process holds open. */
export type HandleType =
  | 'timeout'
  | 'interval'
  | 'immediate'
  | 'ticker'
  | 'server'
  | 'socket'
  | 'udp'
  | 'watcher'
  | 'file'
  | 'stream'
  | 'worker'
  | 'child'
  | 'port'
  | 'dns'
  | 'fetch'
  | 'iterator'
  | 'listeners'
  | 'other';

/** Things that run out though they do not hold the process: an open file, an iterator that keeps its source open. */
export const RESOURCE_TYPES: ReadonlySet<HandleType> = new Set(['file', 'stream', 'iterator']);

/** What the registry must know of a kind. Handles are asked when somebody looks, never watched. */
export interface Kind {
  readonly type: HandleType;
  /** Whether it is still open. */
  isOpen(handle: object): boolean;
  /** Whether it keeps the process alive; `active` are the objects libuv counts. */
  holds(handle: object, active: ReadonlySet<unknown>): boolean;
  /** The call that closes it. */
  readonly close: string;
  /** What tells it from others of its kind: an address, a path. */
  detail?(handle: object): string | undefined;
  /** A number that changes when the handle is used (bytes, connections). */
  activity?(handle: object): number;
  /** Open but waiting for reuse, as a keep-alive socket in an agent. */
  isIdle?(handle: object): boolean;
  /** May open again after it was closed: forgotten only when it is collected. */
  readonly reopens?: boolean;
}

interface Native {
  readonly hasRef?: () => boolean;
  readonly initialized?: boolean;
  readonly reading?: boolean;
}
interface Internals {
  readonly _handle?: Native | null;
  readonly _httpMessage?: unknown;
  readonly _connections?: number;
}

const internals = (handle: object): Internals => handle as Internals;
const inActive = (handle: object, active: ReadonlySet<unknown>): boolean => active.has(handle);
const nativeHasRef = (handle: object): boolean => internals(handle)._handle?.hasRef?.() === true;

function address(host: string | undefined, port: number | undefined): string | undefined {
  if (port === undefined) return undefined;
  return host?.includes(':') ? `[${host}]:${port}` : `${host ?? ''}:${port}`;
}

export const SERVER: Kind = {
  type: 'server',
  close: 'server.close()',
  reopens: true,
  isOpen: (handle) => internals(handle)._handle != null,
  holds: nativeHasRef,
  activity: (handle) => internals(handle)._connections ?? 0,
  detail(handle) {
    const at = (handle as import('node:net').Server).address();
    return typeof at === 'string' ? at : at === null ? undefined : address(at.address, at.port);
  },
};

export const SOCKET: Kind = {
  type: 'socket',
  close: 'socket.destroy()',
  isOpen(handle) {
    const socket = handle as import('node:net').Socket;
    return !socket.destroyed && (internals(handle)._handle != null || socket.connecting);
  },
  holds: (handle, active) => nativeHasRef(handle) || inActive(handle, active),
  // An agent sets `_httpMessage` while a request uses the socket and to null when it puts the socket back.
  isIdle: (handle) => '_httpMessage' in handle && internals(handle)._httpMessage === null,
  activity: (handle) => (handle as import('node:net').Socket).bytesRead + ((handle as import('node:net').Socket).bytesWritten ?? 0),
  detail(handle) {
    const socket = handle as import('node:net').Socket;
    return address(socket.remoteAddress, socket.remotePort);
  },
};

/** Standard input is never closed by those who are done with it: paused, it holds nothing. */
export const STANDARD_INPUT: Kind = {
  ...SOCKET,
  close: 'process.stdin.pause()',
  holds: (handle, active) => SOCKET.holds(handle, active) && internals(handle)._handle?.reading !== false,
  detail: () => 'standard input',
};

const closedSockets = new WeakSet<object>();
/** A datagram socket keeps its state behind a private symbol, so that `close()` tells us. */
export function udpClosed(socket: object): void {
  closedSockets.add(socket);
}
export const UDP: Kind = {
  type: 'udp',
  close: 'socket.close()',
  isOpen: (handle) => !closedSockets.has(handle),
  holds: inActive,
  detail(handle) {
    try {
      const at = (handle as import('node:dgram').Socket).address();
      return address(at.address, at.port);
    } catch {
      return undefined; // not bound
    }
  },
};

const closedWatchers = new WeakSet<object>();
export function watcherClosed(watcher: object): void {
  closedWatchers.add(watcher);
}
export const WATCHER: Kind = {
  type: 'watcher',
  close: 'watcher.close()',
  isOpen(handle) {
    if (closedWatchers.has(handle)) return false;
    const native = internals(handle)._handle;
    return native === undefined ? !('_handle' in handle) : native !== null && native.initialized !== false;
  },
  holds: (handle, active) => ('_handle' in handle ? nativeHasRef(handle) : true) || inActive(handle, active),
};

export const STAT_WATCHER: Kind = {
  type: 'watcher',
  close: 'fs.unwatchFile(path)',
  isOpen: (handle) => internals(handle)._handle != null,
  holds: nativeHasRef,
};

export const FILE: Kind = {
  type: 'file',
  close: 'await fileHandle.close()',
  isOpen: (handle) => (handle as { fd: number }).fd !== -1,
  holds: () => false,
};

export const STREAM: Kind = {
  type: 'stream',
  close: 'stream.destroy()',
  isOpen: (handle) => !(handle as import('node:stream').Readable).destroyed && !(handle as import('node:stream').Readable).closed,
  holds: () => false,
  activity: (handle) => (handle as { bytesRead?: number; bytesWritten?: number }).bytesRead ?? (handle as { bytesWritten?: number }).bytesWritten ?? 0,
};

const unreferenced = new WeakSet<object>();
/** Workers, broadcast channels and promised timers do not say whether they are referenced: `ref()` and `unref()` tell us. */
export function setReferenced(handle: object, referenced: boolean): void {
  if (referenced) unreferenced.delete(handle);
  else unreferenced.add(handle);
}
const isReferenced = (handle: object): boolean => !unreferenced.has(handle);

export const WORKER: Kind = {
  type: 'worker',
  close: 'await worker.terminate()',
  isOpen: (handle) => (handle as import('node:worker_threads').Worker).threadId !== -1,
  holds: isReferenced,
  detail: (handle) => `thread ${(handle as import('node:worker_threads').Worker).threadId}`,
};

export const CHILD: Kind = {
  type: 'child',
  close: 'child.kill()',
  isOpen(handle) {
    const child = handle as import('node:child_process').ChildProcess;
    return child.exitCode === null && child.signalCode === null && internals(handle)._handle != null && child.pid !== undefined;
  },
  holds: (handle) => nativeHasRef(handle),
  detail(handle) {
    const child = handle as import('node:child_process').ChildProcess;
    return `${child.spawnfile ?? '?'} (pid ${child.pid})`;
  },
};

const closedPorts = new WeakSet<object>();
const peers = new WeakMap<object, WeakRef<object>>();
/** A port does not say that it is closed; closing one end closes the other. */
export function portClosed(port: object): void {
  closedPorts.add(port);
  const peer = peers.get(port)?.deref();
  if (peer) closedPorts.add(peer);
}
export function pairPorts(one: object, two: object): void {
  peers.set(one, new WeakRef(two));
  peers.set(two, new WeakRef(one));
}
export const PORT: Kind = {
  type: 'port',
  close: 'port.close()',
  isOpen: (handle) => !closedPorts.has(handle),
  holds: (handle, active) => (handle as { hasRef?: () => boolean }).hasRef?.() === true || inActive(handle, active),
};
export const BROADCAST: Kind = {
  type: 'port',
  close: 'channel.close()',
  isOpen: (handle) => !closedPorts.has(handle),
  holds: isReferenced,
  detail: (handle) => `broadcast "${(handle as { name: string }).name}"`,
};

/** A piece of work under way that ends by itself and says when: a look-up, a fetch, an iterator. */
export class Work {
  done = false;
  readonly detail: string | undefined;
  constructor(detail?: string) {
    this.detail = detail;
  }
}
const workDetail = (handle: object): string | undefined => (handle as Work).detail;
const workOpen = (handle: object): boolean => !(handle as Work).done;
export const DNS: Kind = { type: 'dns', close: 'wait for its answer, or resolver.cancel()', isOpen: workOpen, holds: () => true, detail: workDetail };
export const FETCH: Kind = { type: 'fetch', close: 'read or cancel the body, or abort its signal', isOpen: workOpen, holds: () => true, detail: workDetail };
/** A request of `fetch`, with the socket that it is sent by. */
export class Fetching extends Work {
  socket: WeakRef<{ unref?(): void }> | undefined;
  unref(): void {
    this.socket?.deref()?.unref?.();
  }
}
/** An async iterator; that of an interval holds the process from its first step on. */
export class Iteration extends Work {
  holds = false;
}
export const ITERATOR: Kind = {
  type: 'iterator',
  close: 'await iterator.return()',
  isOpen: workOpen,
  holds: (handle) => (handle as Iteration).holds,
  detail: workDetail,
};
/** An emitter that has more listeners of one event than its bound. */
export class Crowd {
  readonly detail: string;
  readonly #emitter: WeakRef<object>;
  readonly #event: string | symbol;
  readonly #count: number;
  constructor(emitter: object, event: string | symbol, count: number) {
    this.detail = `${count} listeners of "${String(event)}" on ${emitter.constructor?.name ?? 'an emitter'}`;
    this.#emitter = new WeakRef(emitter);
    this.#event = event;
    this.#count = count;
  }
  get stands(): boolean {
    const emitter = this.#emitter.deref() as { listenerCount?(event: string | symbol): number } | undefined;
    // An event target does not count its listeners for us: it stands until it is collected.
    return emitter !== undefined && (typeof emitter.listenerCount !== 'function' || emitter.listenerCount(this.#event) >= this.#count);
  }
}
export const LISTENERS: Kind = {
  type: 'listeners',
  close: 'emitter.off(event, listener)',
  isOpen: (handle) => (handle as Crowd).stands,
  holds: () => false,
  detail: (handle) => (handle as Crowd).detail,
};
export const TARGET_LISTENERS: Kind = { ...LISTENERS, close: 'target.removeEventListener(type, listener)' };
export const FILE_DESCRIPTOR: Kind = { type: 'file', close: 'fs.closeSync(fd)', isOpen: workOpen, holds: () => false, detail: workDetail };

/** `timers/promises` hides its timer; a promise shows whether it is pending only when it is printed. */
export function isPending(promise: object): boolean {
  return inspect(promise, { depth: 0, breakLength: Number.POSITIVE_INFINITY }).includes('<pending>');
}
export const SLEEP: Kind = {
  type: 'timeout',
  close: 'abort the signal given to setTimeout()',
  isOpen: isPending,
  holds: isReferenced,
};
export const DNS_PROMISE: Kind = { type: 'dns', close: 'wait for its answer, or resolver.cancel()', isOpen: isPending, holds: () => true };
