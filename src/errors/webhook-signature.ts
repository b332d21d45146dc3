import { createHmac, timingSafeEqual } from 'node:crypto';

const TOLERANCE_MS = 300_000; // five minutes of clock difference and delay, as other senders of webhooks allow
const MAX_HEADER = 500;

/** Signs a delivery: `t=<seconds>,v1=<hex>`, an HMAC-SHA256 over `<seconds>.<body>`. */
export function signReport(body: string, secret: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000);
  return `t=${seconds},v1=${digest(body, secret, seconds).toString('hex')}`;
}

/**
 * Checks the `X-Sonde-Signature` of a bug report that a webhook received.
 *
 * Shape: `verifyReport(body, header, secret)`; `body` is the text as it came, before it was parsed.
 * Units: a signature is good for five minutes before and after `nowMs` (milliseconds since the Unix epoch, default now).
 * Errors: never throws; anything that is no good signature is `false`.
 *
 * @example
 * verifyReport('{}', 't=0,v1=00', 'secret') === false;
 */
export function verifyReport(body: string, header: string | undefined, secret: string, nowMs: number = Date.now()): boolean {
  const match = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec((header ?? '').slice(0, MAX_HEADER));
  if (!match) return false;
  const seconds = Number(match[1]);
  if (Math.abs(nowMs - seconds * 1_000) > TOLERANCE_MS) return false;
  return timingSafeEqual(digest(body, secret, seconds), Buffer.from(match[2] as string, 'hex'));
}

function digest(body: string, secret: string, seconds: number): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.${body}`).digest();
}
