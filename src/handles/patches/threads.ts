import workerThreads from 'node:worker_threads';
import { BROADCAST, CHILD, PORT, pairPorts, portClosed, setReferenced, WORKER } from '../kinds.ts';
import { noteOpened } from '../registry.ts';
import { listen } from './net.ts';
import { patchMethod, quietly, type Undo, undoAll } from './patch.ts';

type Anything = (...args: never[]) => unknown;

/** Workers and child processes by Node's channels, message ports by their constructors. */
export function patchThreads(): Undo {
  const channel = portMaker(globalThis.MessageChannel, (made: { port1: object; port2: object }, below) => {
    noteOpened(PORT, made.port1, below);
    noteOpened(PORT, made.port2, below);
    pairPorts(made.port1, made.port2);
  });
  const broadcast = portMaker(globalThis.BroadcastChannel as unknown as Constructor, (made: object, below) => void noteOpened(BROADCAST, made, below));
  return undoAll([
    listen('worker_threads', (message, below) => noteOpened(WORKER, (message as { worker: object }).worker, below)),
    listen('child_process', (message, below) => noteOpened(CHILD, (message as { process: object }).process, below)),
    ...[workerThreads.Worker.prototype, workerThreads.BroadcastChannel.prototype].flatMap((prototype: Referenced) => [
      patchMethod(prototype, 'ref', (original, enabled) => refWrapper(original, enabled, true)),
      patchMethod(prototype, 'unref', (original, enabled) => refWrapper(original, enabled, false)),
    ]),
    ...patchBoth('MessageChannel', channel),
    ...patchBoth('BroadcastChannel', broadcast),
    ...patchPortClose(),
  ]);
}

interface Referenced {
  ref(): unknown;
  unref(): unknown;
}

function refWrapper(original: () => unknown, enabled: () => boolean, referenced: boolean): () => unknown {
  return function (this: object): unknown {
    if (enabled()) setReferenced(this, referenced);
    return Reflect.apply(original, this, arguments);
  };
}

type Constructor = new (...args: never[]) => object;

/** A constructor is patched by a proxy: name, statics, prototype and `instanceof` stay as they are. */
function portMaker<T extends object>(Original: new (...args: never[]) => T, seen: (made: T, below: Anything) => void): { proxy: unknown; off(): void } {
  let on = true;
  const construct = (target: Constructor, args: never[], newTarget: Constructor): object => {
    const made = Reflect.construct(target, args, newTarget) as T;
    if (on) quietly(() => seen(made, construct as Anything));
    return made;
  };
  return {
    proxy: new Proxy(Original, { construct: construct as ProxyHandler<Constructor>['construct'] } as ProxyHandler<typeof Original>),
    off() {
      on = false;
    },
  };
}

function patchBoth(name: 'MessageChannel' | 'BroadcastChannel', maker: { proxy: unknown; off(): void }): Undo[] {
  return [globalThis, workerThreads].map((home) => {
    const former = Object.getOwnPropertyDescriptor(home, name);
    if (!former?.configurable) return () => {};
    Object.defineProperty(home, name, { configurable: true, writable: true, enumerable: former.enumerable ?? false, value: maker.proxy });
    return () => {
      maker.off();
      if ((home as Record<string, unknown>)[name] === maker.proxy) Object.defineProperty(home, name, former);
    };
  });
}

function patchPortClose(): Undo[] {
  const classes = [workerThreads.MessagePort, workerThreads.BroadcastChannel] as { prototype: { close(): void } }[];
  return classes.map((each) =>
    patchMethod(each.prototype, 'close', (original, enabled) => {
      return function (this: object): void {
        if (enabled()) portClosed(this);
        Reflect.apply(original, this, arguments);
      };
    }),
  );
}
