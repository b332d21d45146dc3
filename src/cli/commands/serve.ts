import { once } from 'node:events';
import { systemClock } from '../../core/clock.ts';
import { makeFolder } from '../../core/make-folder.ts';
import { storeFolder } from '../../store/day-files.ts';
import { createReceiver, type Receiver } from '../../store/server/receive.ts';
import { openWriter } from '../../store/writer.ts';
import type { CliContext } from '../context.ts';
import { unreachable, wrongUsage } from '../exit-codes.ts';
import { cleanLine } from '../output/clean.ts';
import { openUiServer } from '../ui/server.ts';

export interface ServeOptions {
  readonly port?: string;
  readonly host?: string;
  readonly token?: string;
}

const OTLP_PORT = 4318; // what OTLP exporters send to unless they are told otherwise
const UI_PORT = 9465; // beside the admin handler's
const MAINTAIN_MS = 60_000;

/** `sonde serve`: takes OTLP of other processes into the store, and shows the look-up pages on the same port. */
export async function serveCommand(context: CliContext, options: ServeOptions): Promise<void> {
  openFolder(storeFolder(context.dir));
  const writer = openWriter(context.dir, { resource: { 'service.name': 'sonde serve' } });
  let timer = systemClock.setTimeout(lookAfter, MAINTAIN_MS);
  function lookAfter(): void {
    writer.maintain();
    timer = systemClock.setTimeout(lookAfter, MAINTAIN_MS);
  }
  try {
    await serve(context, options, OTLP_PORT, createReceiver(writer));
  } finally {
    systemClock.clearTimeout(timer);
    writer.close();
  }
}

/** So that the pages have a store to show before the first record comes. */
function openFolder(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw unreachable(`Cannot make "${path}": ${(error as NodeJS.ErrnoException).code}; give another folder with --dir`);
  }
}

/** `sonde ui`: the look-up as pages, over the store or the stack. */
export async function uiCommand(context: CliContext, options: ServeOptions): Promise<void> {
  await serve(context, options, UI_PORT, undefined);
}

/** Serves until it is told to stop. */
async function serve(context: CliContext, options: ServeOptions, defaultPort: number, receiver: Receiver | undefined): Promise<void> {
  const port = readPort(options.port) ?? defaultPort;
  const host = options.host ?? '127.0.0.1';
  const token = options.token ?? (context.io.env['SONDE_ADMIN_TOKEN'] || undefined);
  if (token === undefined && !/^(?:localhost|127\.[\d.]+|::1)$/.test(host))
    throw wrongUsage(`Cannot serve on "${host}" without a token: anybody could read the store; give --token or SONDE_ADMIN_TOKEN`);
  await context.lookup(async (lookup) => {
    const opened = await openUiServer({ port, host, token, lookup, receiver, now: context.io.now });
    if (context.json) context.printJson({ url: opened.url, receives: receiver !== undefined }, true);
    else context.print(`look-up pages on ${opened.url}${receiver ? `, OTLP on ${opened.url}/v1/traces and /v1/logs` : ''}, from ${cleanLine(context.place)}\n`);
    await stopped(context);
    await opened.close();
  });
  if (receiver) {
    const { spans, logs, errors, rejected } = receiver.received;
    context.io.stderr.write(`sonde: stored ${spans} spans, ${logs} log lines, ${errors} errors; refused ${rejected}\n`);
  }
}

async function stopped(context: CliContext): Promise<void> {
  const { stop } = context.io;
  const signals = new AbortController();
  const end = (): void => signals.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    if (stop?.aborted) return;
    await Promise.race([once(signals.signal, 'abort'), ...(stop ? [once(stop, 'abort')] : [])]);
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw wrongUsage(`Cannot use "${text}" as --port: expected a port from 0 to 65535`);
  return port;
}
