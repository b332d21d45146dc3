import { ChildProcess } from 'node:child_process';
import { Socket as UdpSocket } from 'node:dgram';
import { Server, Socket } from 'node:net';
import { CHILD, type Kind, SERVER, SOCKET, STANDARD_INPUT, UDP } from './kinds.ts';
import { enter, isKnown, openEntries } from './registry.ts';

interface ActiveHandles {
  _getActiveHandles?(): unknown[];
}

/** The objects that keep the event loop alive, as libuv counts them. Undocumented since Node 16 but unchanged from Node 20 to 26. */
export function activeHandles(): ReadonlySet<unknown> {
  try {
    return new Set((process as ActiveHandles)._getActiveHandles?.() ?? []);
  } catch {
    return new Set();
  }
}

/** Takes up what is open and was not seen being opened, and returns what keeps the loop alive. */
export function adoptActive(): ReadonlySet<unknown> {
  const active = activeHandles();
  let pipes: Set<unknown> | undefined;
  for (const handle of active) {
    if (typeof handle !== 'object' || handle === null || isKnown(handle)) continue;
    const kind = kindOf(handle);
    if (kind === undefined || isStandardOutput(handle)) continue;
    pipes ??= childPipes();
    if (!pipes.has(handle)) enter(isStandardInput(handle) ? STANDARD_INPUT : kind, handle, undefined);
  }
  return active;
}

function kindOf(handle: object): Kind | undefined {
  if (handle instanceof Server) return SERVER;
  if (handle instanceof Socket) return SOCKET;
  if (handle instanceof ChildProcess) return CHILD;
  return handle instanceof UdpSocket ? UDP : undefined;
}

/** The pipes to a child that runs are part of the child. */
function childPipes(): Set<unknown> {
  return new Set(openEntries().flatMap(({ entry, handle }) => (entry.kind === CHILD ? ((handle as ChildProcess).stdio ?? []) : [])));
}

/** Only a stream has one: a datagram socket warns whoever reads its `_handle` (DEP0112). */
function descriptor(handle: object): unknown {
  return handle instanceof Socket ? ((handle as { fd?: unknown }).fd ?? (handle as { _handle?: { fd?: unknown } })._handle?.fd) : undefined;
}
const isStandardInput = (handle: object): boolean => descriptor(handle) === 0;
const isStandardOutput = (handle: object): boolean => descriptor(handle) === 1 || descriptor(handle) === 2;
