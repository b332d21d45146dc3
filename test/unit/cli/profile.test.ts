import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeProfile } from '../../../src/cli/pprof/decode.ts';
import { packageOf } from '../../../src/cli/pprof/package-of.ts';
import { testFolder } from '../store/records.ts';
import { cli } from './run-cli.ts';

/** The part of google/pprof's profile.proto that profiles of Node use. */
const PROTO = `syntax = "proto3";
message ValueType { int64 type = 1; int64 unit = 2; }
message Sample { repeated uint64 location_id = 1; repeated int64 value = 2; }
message Line { uint64 function_id = 1; int64 line = 2; }
message Location { uint64 id = 1; uint64 mapping_id = 2; uint64 address = 3; repeated Line line = 4; }
message Function { uint64 id = 1; int64 name = 2; int64 system_name = 3; int64 filename = 4; }
message Profile {
  repeated ValueType sample_type = 1; repeated Sample sample = 2; repeated Location location = 4; repeated Function function = 5;
  repeated string string_table = 6; int64 time_nanos = 9; int64 duration_nanos = 10;
}`;
const Profile = protobuf.parse(PROTO, { keepCase: true }).root.lookupType('Profile');

/** main calls work; work calls itself once; 3 ms in main, 7 ms in work. */
const BYTES = Profile.encode({
  sample_type: [
    { type: 1, unit: 2 },
    { type: 3, unit: 4 },
  ],
  sample: [
    { location_id: [1], value: [3, 3_000_000] },
    { location_id: [2, 2, 1], value: [7, 7_000_000] },
  ],
  location: [
    { id: 1, line: [{ function_id: 1, line: 10 }] },
    { id: 2, address: 2 ** 40, line: [{ function_id: 2, line: 300 }] },
  ],
  function: [
    { id: 1, name: 5, filename: 7 },
    { id: 2, name: 6, filename: 7 },
  ],
  string_table: ['', 'samples', 'count', 'cpu', 'nanoseconds', 'main', 'work', 'app.ts'],
  duration_nanos: 1_500_000_000,
}).finish();

async function serving(status: number, body: Buffer | string): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(String(request.url));
    response.writeHead(status).end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe('decodeProfile', () => {
  it('reads stacks, names and the last sample type', () => {
    const frame = (name: string, line: number) => ({ name, file: 'app.ts', line });
    expect(decodeProfile(BYTES)).toEqual({
      type: 'cpu',
      unit: 'nanoseconds',
      durationMs: 1_500,
      samples: [
        { stack: [frame('main', 10)], value: 3_000_000 },
        { stack: [frame('work', 300), frame('work', 300), frame('main', 10)], value: 7_000_000 },
      ],
    });
  });

  it.each([0, 1, 5, 20, BYTES.length - 1])('refuses a profile that is cut after %i bytes, or reads what is whole', (length) => {
    try {
      expect(decodeProfile(BYTES.subarray(0, length)).samples.length).toBeLessThanOrEqual(2);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
  });
});

describe('sonde profile', () => {
  it('saves the profile and prints the hottest functions', async () => {
    const zipped = gzipSync(BYTES);
    const { url, asked } = await serving(200, zipped);
    const path = join(testFolder(), 'cpu.pb.gz');
    const { exit, out } = await cli(['profile', '--seconds', '2', '--out', path, '--url', url]);
    expect({ exit, asked }).toEqual({ exit: 0, asked: ['/debug/pprof/profile?seconds=2'] });
    expect(readFileSync(path)).toEqual(zipped);
    expect(out).toBe(
      [
        `10ms of cpu over 1.5s, saved in ${path} (go tool pprof -http : "${path}")`,
        'SELF         TOTAL          FUNCTION  AT',
        ' 7ms  70.0%    7ms   70.0%  work      app.ts:300',
        ' 3ms  30.0%   10ms  100.0%  main      app.ts:10',
        '',
      ].join('\n'),
    );
    const json = JSON.parse((await cli(['profile', 'heap', '--json', '--out', path, '--url', url])).out);
    expect(json).toMatchObject({
      path,
      total: 10_000_000,
      functions: [
        { self: 7_000_000, total: 7_000_000 },
        { self: 3_000_000, total: 10_000_000 },
      ],
    });
  });

  it('writes a flame graph in one file: callers over what they call, and nothing in it acts but the library', async () => {
    const evil = Buffer.from(BYTES).toString('latin1').replace('main', '<b>&').replace('app.ts', '"><b>&'); // of the same length
    const { url } = await serving(200, gzipSync(Buffer.from(evil, 'latin1')));
    const dir = testFolder();
    const { exit } = await cli(['profile', '--flame', join(dir, 'f.html'), '--out', join(dir, 'p.gz'), '--url', url]);
    expect(exit).toBe(0);
    const beside = await cli(['profile', '--flame', '--out', join(dir, 'p.pb.gz'), '--url', url]);
    expect(beside.out).toContain(`flame graph in ${join(dir, 'p.html')}\n`);
    const page = readFileSync(join(dir, 'f.html'), 'utf8');
    expect(readFileSync(join(dir, 'p.html'), 'utf8')).toBe(page);
    const [, data = '', script = ''] = /<script type="application\/json" id="profile">(.*?)<\/script><script>(.*?)<\/script><\/body>/s.exec(page) ?? [];
    const box = (name: string, line: number, amount: string, value: number, children: object[]): object => ({
      name,
      at: `"><b>&:${line}`,
      package: 'app',
      value,
      amount,
      children,
    });
    const work = box('work', 300, '7ms', 7_000_000, [box('work', 300, '7ms', 7_000_000, [])]);
    expect(JSON.parse(data)).toEqual({
      root: { ...box('all', 0, '10ms', 10_000_000, [box('<b>&', 10, '10ms', 10_000_000, [work])]), at: '', package: 'native' },
      packages: [{ name: 'app', share: '100.0 %' }],
    });
    // The library is in the file, and only it may run: by its hash.
    expect(script).toContain('d3-flame-graph');
    expect(page).toContain(`script-src &#39;sha256-${createHash('sha256').update(script).digest('base64')}&#39;"`);
    expect(page.replace(script, '')).not.toMatch(/<b>|https?:(?!\/\/127\.0\.0\.1)/);
  });

  it('colours the boxes of a flame graph by the package that a file belongs to', () => {
    expect(
      ['', 'node:fs', '/app/src/a.ts', '/app/node_modules/pg/lib/a.js', '/a/node_modules/x/node_modules/@scope/b/c.js', 'C:\\a\\node_modules\\@s\\b\\c.js'].map(
        packageOf,
      ),
    ).toEqual(['native', 'node', 'app', 'pg', '@scope/b', '@s/b']);
  });

  it('says in one line why there is none', async () => {
    const busy = await serving(409, '{"error":"one at a time"}');
    expect(await cli(['profile', '--url', busy.url])).toMatchObject({
      exit: 3,
      err: `sonde: ${busy.url} is taking another profile; try again when it is done\n`,
    });
    const odd = await serving(200, gzipSync('hello'));
    expect(await cli(['profile', '--url', odd.url, '--out', join(testFolder(), 'p')])).toMatchObject({
      exit: 3,
      err: expect.stringContaining('Cannot read the profile of'),
    });
    expect(await cli(['profile', '--url', odd.url, '--out', '/nonexistent/p'])).toMatchObject({
      exit: 3,
      err: expect.stringContaining('give another place with --out or --flame'),
    });
    expect(await cli(['profile', 'disk', '--url', odd.url])).toMatchObject({ exit: 2 });
    expect(await cli(['profile', '--seconds', '61', '--url', odd.url])).toMatchObject({ exit: 2 });
  });
});
