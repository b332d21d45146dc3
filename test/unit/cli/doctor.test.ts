import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkApi } from '../../../src/cli/doctor/api-check.ts';
import { openWriter } from '../../../src/store/writer.ts';
import { errorRecord, RESOURCE, testFolder } from '../store/records.ts';
import { cli } from './run-cli.ts';

interface Finding {
  readonly check: string;
  readonly state: string;
  readonly text: string;
}

async function findings(dir: string, env: Record<string, string> = {}): Promise<{ exit: number; of(check: string): string[] }> {
  const { exit, out } = await cli(['doctor', '--json', '--dir', dir], { env });
  const all = JSON.parse(out).findings as Finding[];
  return { exit, of: (check) => all.filter((finding) => finding.check === check).map(({ state, text }) => `${state}: ${text}`) };
}

async function serving(body: unknown): Promise<string> {
  const server = createServer((_request, response) => void response.end(JSON.stringify(body)));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('sonde doctor', () => {
  it('finds a good set-up good', async () => {
    const dir = testFolder();
    const writer = openWriter(dir, { resource: RESOURCE });
    writer.writeErrors([errorRecord()]);
    writer.close();
    const dropped = { sampled: 5, queue_full: 0 };
    const url = await serving({ service: 'checkout', pid: 7, problems: [], ledger: { span: { dropped } } });
    const { exit, of } = await findings(dir, { SONDE_URL: url });
    expect(exit).toBe(0);
    expect(of('store')).toEqual([expect.stringMatching(/^ok: \d{4}-\d\d-\d\d, [\d.]+ [kM]?B$/)]);
    expect([...of('node'), ...of('sqlite'), ...of('configuration'), ...of('journal'), ...of('process')]).toEqual([
      `ok: Node ${process.versions.node}`,
      expect.stringMatching(/^ok: SQLite 3\./),
      'ok: records stay in the embedded store',
      'ok: no errors wait to be stored',
      'ok: checkout, pid 7, answers',
    ]);
  });

  it('names what is wrong, and ends with 1', async () => {
    const dir = testFolder();
    mkdirSync(join(dir, 'store'));
    mkdirSync(join(dir, 'journal'));
    writeFileSync(join(dir, 'store', '2026-11-20.db'), 'no database '.repeat(1_000));
    writeFileSync(join(dir, 'store', '2026-11-19.db.corrupt-5'), '');
    writeFileSync(join(dir, 'journal', '4194304-5.ndjson'), `${JSON.stringify(errorRecord())}\n`); // above the highest process ID
    const url = await serving({ problems: [{ kind: 'x', message: 'cannot reach it', count: 3 }], ledger: { log: { dropped: { sampled: 1, queue_full: 9 } } } });
    const { exit, of } = await findings(dir, { SONDE_URL: url, SONDE_LOG_LEVEL: 'loud' });
    expect(exit).toBe(1);
    expect(of('configuration')).toEqual([expect.stringMatching(/^bad: SONDE_LOG_LEVEL/)]);
    expect(of('store')).toEqual([
      expect.stringMatching(/^bad: Cannot read ".*2026-11-20.db": the file is damaged/),
      expect.stringMatching(/^warn: 1 damaged files were set aside/),
    ]);
    expect(of('journal')).toEqual([expect.stringMatching(/^warn: 1 error of processes that ended wait/)]);
    expect(of('process')).toContain('warn: cannot reach it (3 times)');
    expect(of('ledger')).toEqual(['warn: log: dropped 9 queue_full']);
    expect(await cli(['doctor', '--dir', dir])).toMatchObject({ exit: 1, err: expect.stringMatching(/^sonde: \d of \d+ checks failed\n$/) });
  });
});

describe('checkApi', () => {
  function program(versions: Record<string, string>): string {
    const dir = testFolder();
    for (const [holder, version] of Object.entries(versions)) {
      const path = join(dir, holder, 'node_modules', '@opentelemetry', 'api');
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'package.json'), JSON.stringify({ version }));
    }
    return dir;
  }

  it.each([
    [{}, 'warn'],
    [{ '.': '1.9.1' }, 'ok'],
    [{ '.': '1.10.0', 'node_modules/old': '1.9.1', 'node_modules/@scope/old': '1.8.0' }, 'ok'],
    [{ '.': '1.9.1', 'node_modules/@scope/new': '1.10.0' }, 'bad'],
  ])('%j is %s', (versions, state) => {
    expect(checkApi(program(versions)).map((finding) => finding.state)).toEqual([state]);
  });
});

describe('sonde codes', () => {
  it('lists what modules define', async () => {
    const dir = testFolder();
    const source = new URL('../../../src/errors/define-error.ts', import.meta.url).pathname;
    writeFileSync(
      join(dir, 'errors.mjs'),
      `import { defineError } from ${JSON.stringify(source)};\ndefineError('orders/card-declined', { status: 402, public: 'Your card was declined.', owner: 'payments' });\n`,
    );
    writeFileSync(join(dir, 'broken.mjs'), 'throw new Error("no such thing");\n');
    const path = join(dir, 'errors.mjs');
    expect((await cli(['codes', path, '--markdown'])).out).toContain('| `orders/card-declined` | 402 | known | Your card was declined. |  | payments |');
    expect(JSON.parse((await cli(['codes', path, '--json'])).out)).toMatchObject([{ code: 'orders/card-declined', status: 402 }]);
    expect((await cli(['codes', path])).out).toMatch(/^orders\/card-declined {2}402 {2}known {2}payments {2}Your card was declined\.\n/);
    expect(await cli(['codes', join(dir, 'nothing.mjs')])).toMatchObject({ exit: 1 });
    expect(await cli(['codes', join(dir, 'broken.mjs')])).toMatchObject({ exit: 3, err: expect.stringContaining('no such thing') });
  });
});
