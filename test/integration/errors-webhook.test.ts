import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, defineError, report, start, verifyReport } from 'sonde';
import { describe, expect, it } from 'vitest';

describe('start({ report })', () => {
  it('tells bugs, not known edge cases, to the webhook, signed, on the way out at the latest', async () => {
    const got: { body: string; good: boolean }[] = [];
    const tracker = createServer((req, res) => {
      let body = '';
      req.setEncoding('utf8');
      req.on('data', (text: string) => {
        body += text;
      });
      req.on('end', () => {
        got.push({ body, good: verifyReport(body, req.headers['x-sonde-signature'] as string, 's3cret') });
        res.end();
      });
    });
    await new Promise<void>((resolve) => tracker.listen(0, '127.0.0.1', resolve));
    const dir = mkdtempSync(join(tmpdir(), 'sonde-tracker-'));
    const url = `http://127.0.0.1:${(tracker.address() as AddressInfo).port}/issues`;
    const sonde = await start({ service: 'shop', dir, logs: { level: 'off' }, report: { url, secret: 's3cret' } });
    const Known = defineError('shop/known', { status: 404 });
    report(new Known('expected'));
    const { id } = report(new Error('unexpected'));
    await sonde.shutdown({ within: '60s' });
    tracker.close();
    rmSync(dir, { recursive: true, force: true });
    expect(got).toHaveLength(1);
    expect(got[0]?.good).toBe(true);
    expect(JSON.parse(got[0]?.body ?? '{}')).toMatchObject({
      event: 'bug',
      title: 'Error: unexpected',
      errorId: id,
      first: true,
      service: 'shop',
      fingerprint: expect.stringMatching(/^v1:/),
    });
  });

  it.each([
    [{ url: 'not a url' }, /report\.url/],
    [{ url: 'http://x/', every: 'soon' }, /report\.every/],
    [{ url: 'http://x/', secrets: 'x' }, /report\.secrets|secrets/],
  ])('refuses %j where it is written', async (options, what) => {
    const failure = await start({ service: 'shop', report: options as never }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ConfigError);
    expect(String(failure)).toMatch(what);
  });
});
