import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { bind, sendProblem } from 'sonde';
import { BadRequest } from './errors.ts';

const MAX_BODY_BYTES = 16_384; // an order is under 200 bytes

/** Reads a JSON body, bounded. */
export async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new BadRequest(`Cannot read the body: over ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new BadRequest('Cannot read the body: expected JSON', { cause: error });
  }
}

export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Makes a handler of an async function: whatever it throws becomes an answer with an error ID. The gateway's request ID is on all telemetry below. */
export function handler(handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>): RequestListener {
  return (req, res) => {
    bind({ 'request.id': req.headers['x-request-id'] }, () => handle(req, res)).catch((error: unknown) => sendProblem(req, res, error));
  };
}

/** Listens on loopback and tells the parent process, where there is one, at which address. */
export function announce(urls: Record<string, string>): void {
  if (process.send) process.send(urls);
  else for (const [name, url] of Object.entries(urls)) process.stdout.write(`${name} ${url}\n`);
}
