import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { buildExample } from './services.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');

it('the demo shows both failures, the levels, the metrics, the breaker and the handles', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sonde-demo-'));
  try {
    await buildExample();
    const { stdout, stderr } = await run(process.execPath, [join(root, 'examples/checkout/dist/demo/main.js')], {
      cwd: root,
      env: { ...process.env, SONDE_DIR: dir, CHECKOUT_DIR: dir, NO_COLOR: '1' },
      timeout: 600_000,
    });
    expect(stderr).toBe('');
    const [known = '', bug = ''] = [...stdout.matchAll(/^\$ sonde error (\S+)$/gm)].map((match) => match[1]);
    expect(known).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
    expect(bug).not.toBe(known);
    for (const expected of [
      `HTTP 402   X-Error-Id: ${known}`,
      `HTTP 500   X-Error-Id: ${bug}`,
      'User saw  Your card was declined.',
      'Message   Cannot price 5 seats of plan "pro"',
      "Caused by: TypeError: Cannot read properties of undefined (reading 'percent')",
      'examples/checkout/src/pricing.ts:', // not dist/pricing.js: the stack is source-mapped
      'payments.authorise [payments]', // the trace goes on in the second service
      'the issuer declined the card', // a log line of the trace
      '{"level":"debug"',
      'DEBUG orders',
      'function_calls_total{function="Orders.place"',
      '"type":"urn:error:orders/payments-failed","title":"Payments failed","status":503', // payments stops: each order is tried three times
      '"type":"urn:error:sonde/breaker-open"', // then they are refused at once
      'resilience4j_circuitbreaker_state{name="payments",state="open"} 1',
      'resilience4j_circuitbreaker_transitions_total{name="payments",state="closed"} 1', // it closed by itself
      'closed by server.close()',
    ]) {
      expect(stdout).toContain(expected);
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
