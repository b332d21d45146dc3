import dgram from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import net from 'node:net';
import { SERVER, SOCKET, UDP, udpClosed } from '../kinds.ts';
import { enter, isKnown, isOurs, noteOpened, noteUsed, siteOfHandle } from '../registry.ts';
import { patchMethod, quietly, type Undo, undoAll } from './patch.ts';

type Anything = (...args: never[]) => unknown;

/** Servers (TCP, TLS, HTTP, HTTP/2, pipes) by `listen`, outgoing sockets by `connect`, accepted ones and datagram ones by Node's channels. */
export function patchNet(): Undo {
  return undoAll([
    patchMethod(net.Server.prototype, 'listen', (original, enabled) => {
      function wrapped(this: net.Server): net.Server {
        if (enabled()) quietly(() => noteOpened(SERVER, this, wrapped));
        return Reflect.apply(original as Anything, this, arguments) as net.Server;
      }
      return wrapped as typeof original;
    }),
    patchMethod(net.Socket.prototype, 'connect', (original, enabled) => {
      function wrapped(this: net.Socket): net.Socket {
        if (enabled()) quietly(() => noteOpened(SOCKET, this, wrapped, target(arguments)));
        return Reflect.apply(original as Anything, this, arguments) as net.Socket;
      }
      return wrapped as typeof original;
    }),
    patchMethod(dgram.Socket.prototype, 'close', (original, enabled) => {
      function wrapped(this: dgram.Socket): dgram.Socket {
        const result = Reflect.apply(original as Anything, this, arguments) as dgram.Socket;
        if (enabled()) udpClosed(this);
        return result;
      }
      return wrapped as typeof original;
    }),
    listen('net.server.socket', (message) => accepted((message as { socket: net.Socket }).socket)),
    listen('udp.socket', (message, below) => noteOpened(UDP, (message as { socket: dgram.Socket }).socket, below)),
  ]);
}

/** The site of an accepted socket is its server's `listen`: a stack would show libuv only. */
function accepted(socket: net.Socket): void {
  const server = (socket as { server?: object }).server;
  if (server && isOurs(server)) return;
  if (server) noteUsed(server);
  if (!isKnown(socket)) enter(SOCKET, socket, server && siteOfHandle(server), server && 'accepted');
}

/** Where a socket is going, before it is there: `net` has normalised the arguments to one options object or not yet. */
function target(args: IArguments): string | undefined {
  const first: unknown = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (typeof first === 'number') return `${typeof args[1] === 'string' ? args[1] : 'localhost'}:${first}`;
  if (typeof first === 'string') return first;
  const { host, port, path } = (first ?? {}) as { host?: string; port?: number | string; path?: string };
  return port === undefined || port === null ? path : `${host ?? 'localhost'}:${port}`;
}

/** Subscribes to one of Node's own channels. `below` is the frame under which the stack is the publisher's. */
export function listen(name: string, take: (message: unknown, below: Anything) => void): Undo {
  const guarded = (message: unknown): void => quietly(() => take(message, guarded));
  subscribe(name, guarded);
  return () => {
    unsubscribe(name, guarded);
  };
}
