import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCpuProfile } from '../../../src/admin/pprof/cpu-profile.ts';
import { encodeHeapProfile } from '../../../src/admin/pprof/heap-profile.ts';
import { startHeapSampling } from '../../../src/admin/pprof/heap-sampling.ts';
import { NO_NAMES } from '../../../src/admin/pprof/span-names.ts';
import { decodeProfile, functionAt } from '../../../src/cli/pprof/decode.ts';
import { hottest } from '../../../src/cli/pprof/hottest.ts';
import { traced } from '../../../src/trace/traced.ts';
import { type AdminServer, adminServer } from './admin-server.ts';

/** github.com/google/pprof/proto/profile.proto, without the fields that nobody here writes. */
const { root } = protobuf.parse(`syntax = "proto3"; package perftools.profiles;
message Profile { repeated ValueType sample_type = 1; repeated Sample sample = 2; repeated Location location = 4; repeated Function function = 5;
  repeated string string_table = 6; int64 time_nanos = 9; int64 duration_nanos = 10; ValueType period_type = 11; int64 period = 12; }
message ValueType { int64 type = 1; int64 unit = 2; }
message Sample { repeated uint64 location_id = 1; repeated int64 value = 2; repeated Label label = 3; }
message Label { int64 key = 1; int64 str = 2; int64 num = 3; int64 num_unit = 4; }
message Location { uint64 id = 1; uint64 mapping_id = 2; uint64 address = 3; repeated Line line = 4; }
message Line { uint64 function_id = 1; int64 line = 2; }
message Function { uint64 id = 1; int64 name = 2; int64 system_name = 3; int64 filename = 4; int64 start_line = 5; }`);
const Profile = root.lookupType('perftools.profiles.Profile');

interface Decoded {
  readonly types: string[];
  readonly samples: { stack: string[]; values: number[]; labels: Record<string, string> }[];
  readonly durationMs: number;
}

interface Raw {
  sampleType: { type: number; unit: number }[];
  sample: { locationId: number[]; value: number[]; label: { key: number; str: number }[] }[];
  location: { id: number; line: { functionId: number; line: number }[] }[];
  function: { id: number; name: number; filename: number }[];
  stringTable: string[];
  durationNanos: number;
}

function decode(bytes: Uint8Array): Decoded {
  const raw = Profile.toObject(Profile.decode(bytes), { longs: Number, arrays: true, defaults: true }) as Raw;
  const text = (index: number): string => raw.stringTable[index] as string;
  const functions = new Map(raw.function.map((one) => [one.id, one]));
  const locations = new Map(raw.location.map((one) => [one.id, one]));
  expect(raw.stringTable[0]).toBe('');
  return {
    types: raw.sampleType.map((one) => `${text(one.type)}/${text(one.unit)}`),
    durationMs: raw.durationNanos / 1e6,
    samples: raw.sample.map(({ locationId, value, label }) => ({
      stack: locationId.map((id) => {
        const line = locations.get(id)?.line[0];
        const fn = functions.get(line?.functionId ?? 0);
        return `${text(fn?.name ?? 0)} ${text(fn?.filename ?? 0)}:${line?.line ?? 0}`;
      }),
      values: value,
      labels: Object.fromEntries(label.map(({ key, str }) => [text(key), text(str)])),
    })),
  };
}

let admin: AdminServer;
beforeAll(async () => {
  admin = await adminServer();
});
afterAll(() => admin.close());

/** A profile that was asked for is being taken. */
async function begun(): Promise<void> {
  await once(admin.server, 'request');
  await expect.poll(async () => (await fetchBytes('/debug/pprof/goroutine')).status, { interval: 5 }).toBe(409);
}

function fetchBytes(path: string): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: admin.port, path, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
    })
      .on('error', reject)
      .end();
  });
}

/** Newer V8s put the loop into its caller and profile it there. */
const HOT = /^(?:hotLoop|busyWhile) /;

/** Does work that a profile should show, while `until` is pending. */
async function busyWhile<T>(until: Promise<T>): Promise<T> {
  let done = false;
  void until.finally(() => {
    done = true;
  });
  const kept: number[][] = [];
  function hotLoop(): number {
    let sum = 0;
    for (let i = 0; i < 2e6; i++) sum += Math.sqrt(i);
    return sum;
  }
  function keepMuch(): void {
    kept.push(Array.from({ length: 5_000 }, (_, i) => i + 0.5));
    if (kept.length > 400) kept.length = 0;
  }
  while (!done) {
    hotLoop();
    keepMuch();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return until;
}

const hasGo = spawnSync('go', ['version']).status === 0;

describe('/debug/pprof', () => {
  it('profile: CPU time of the function that used it, mapped to the source', async () => {
    const { status, body } = await busyWhile(fetchBytes('/debug/pprof/profile?seconds=0.4'));
    expect(status).toBe(200);
    const profile = decode(gunzipSync(body));
    expect(profile.types).toEqual(['samples/count', 'cpu/nanoseconds']);
    expect(profile.durationMs).toBeGreaterThan(300);
    const hot = profile.samples.filter((sample) => HOT.test(sample.stack[0] ?? ''));
    expect(hot.length).toBeGreaterThan(0);
    const total = profile.samples.reduce((sum, sample) => sum + (sample.values[1] ?? 0), 0);
    const inHot = hot.reduce((sum, sample) => sum + (sample.values[1] ?? 0), 0);
    expect(inHot / total).toBeGreaterThan(0.3);
    expect(hot[0]?.stack[0]).toContain('pprof.test.ts');
    expect(profile.samples.some((sample) => sample.stack[0]?.startsWith('(idle)'))).toBe(false);
  });

  it('heap and allocs: bytes by the function that allocated them', async () => {
    for (const [path, types] of [
      ['heap', ['inuse_objects/count', 'inuse_space/bytes']],
      ['allocs', ['alloc_objects/count', 'alloc_space/bytes']],
    ] as const) {
      const { status, body } = await busyWhile(fetchBytes(`/debug/pprof/${path}?seconds=0.3`));
      expect(status).toBe(200);
      const profile = decode(gunzipSync(body));
      expect(profile.types).toEqual(types);
      expect(profile.samples.some((sample) => sample.stack.some((place) => place.startsWith('keepMuch ')) && (sample.values[1] ?? 0) > 0)).toBe(true);
    }
  });

  it('names the span that a sample fell in, also after an await, and a function by its span where it has no name', async () => {
    const burn = (): number => {
      let sum = 0;
      for (let i = 0; i < 2e6; i++) sum += Math.sqrt(i);
      return sum;
    };
    const inner = traced(
      'profile.inner',
      (
        () => () =>
          burn()
      )(), // without a name in the source
    );
    const outer = traced('profile.outer', async function outerFn() {
      await null;
      burn();
      inner();
    });
    const asked = fetchBytes('/debug/pprof/profile?seconds=0.5');
    let done = false;
    void asked.finally(() => {
      done = true;
    });
    while (!done) {
      await outer();
      burn();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { body } = await asked;
    const { samples } = decode(gunzipSync(body));
    const spans = new Set(samples.map(({ labels }) => labels['span']));
    expect([...spans].sort()).toEqual(['profile.inner', 'profile.outer', undefined]);
    expect(samples.some(({ stack, labels }) => labels['span'] === 'profile.inner' && stack.some((place) => place.startsWith('profile.inner ')))).toBe(true);
    for (const { stack, labels } of samples.filter(({ labels: { span } }) => span === 'profile.outer'))
      expect(
        stack.some((place) => place.startsWith('outerFn ')),
        JSON.stringify({ stack, labels }),
      ).toBe(true);
    if (!hasGo) return;
    const dir = mkdtempSync(join(tmpdir(), 'sonde-pprof-'));
    const file = join(dir, 'cpu.pb.gz');
    writeFileSync(file, body);
    const env = { ...process.env, PPROF_TMPDIR: dir };
    const tags = await promisify(execFile)('go', ['tool', 'pprof', '-tags', file], { env });
    expect(tags.stdout).toMatch(/span: Total .*\n.*profile\.(?:inner|outer)/);
    const top = await promisify(execFile)('go', ['tool', 'pprof', '-top', '-tagfocus=span=profile.outer', file], { env });
    rmSync(dir, { recursive: true, force: true });
    expect(top.stdout).toContain('outerFn');
    expect(top.stdout).not.toContain('profile.inner');
  });

  it('heap: what is alive since the start, at once, where the heap is sampled all the time; allocs then refuses', async () => {
    const sampling = await startHeapSampling();
    const own = await adminServer({ liveHeap: () => sampling.live() });
    const keep = traced('profile.keep', function keepThem() {
      return Array.from({ length: 400 }, () => Array.from({ length: 5_000 }, (_, i) => i + 0.5));
    });
    const kept = keep();
    const job = await sampling.live();
    const { types, samples } = decode(encodeHeapProfile(job));
    expect(types).toEqual(['inuse_objects/count', 'inuse_space/bytes']);
    const bytes = samples.filter(({ labels }) => labels['span'] === 'profile.keep').reduce((sum, { values }) => sum + (values[1] ?? 0), 0);
    expect(bytes).toBeGreaterThan(400 * 5_000 * 4); // half of what is there: it is a sample
    expect([kept.length, keep.name]).toEqual([400, 'keepThem']); // both are alive until here
    expect((await own.call('/debug/pprof/heap?seconds=60')).status).toBe(200);
    expect(await own.call('/debug/pprof/allocs?seconds=1')).toMatchObject({ status: 409, body: expect.stringContaining('admin.heapProfile') });
    own.close();
    sampling.stop();
  });

  it('goroutine: the open handles', async () => {
    const { body } = await fetchBytes('/debug/pprof/goroutine');
    const { types, samples } = decode(gunzipSync(body));
    expect(types).toEqual(['handle/count']);
    expect(samples).toEqual([{ stack: ['timer :0', 'a.ts:1 a.ts:1'], values: [2], labels: { kind: 'timer' } }]);
  });

  it('takes one at a time', async () => {
    const first = fetchBytes('/debug/pprof/profile?seconds=2');
    await begun();
    expect((await fetchBytes('/debug/pprof/heap?seconds=1')).status).toBe(409);
    expect((await first).status).toBe(200);
    expect((await fetchBytes('/debug/pprof/goroutine')).status).toBe(200);
  });

  it('ends when the client leaves', async () => {
    const client = request({ host: '127.0.0.1', port: admin.port, path: '/debug/pprof/profile?seconds=60', agent: false }).on('error', () => {});
    client.end();
    await begun();
    client.destroy();
    await expect.poll(async () => (await fetchBytes('/debug/pprof/goroutine')).status).toBe(200);
  });

  it.each(['0', '-1', '61', 'x', '1e9'])('refuses %s seconds', async (seconds) => {
    expect((await fetchBytes(`/debug/pprof/profile?seconds=${seconds}`)).status).toBe(400);
  });

  it('lists what there is', async () => {
    expect((await admin.call('/debug/pprof/')).body).toContain('debug/pprof/allocs?seconds=10');
    const head = await admin.call('/debug/pprof/heap', { method: 'HEAD' });
    expect([head.headers['content-disposition'], head.headers['content-length']]).toEqual(['attachment; filename="heap.pb.gz"', undefined]);
    expect((await admin.call('/debug/pprof/heap', { method: 'POST' })).status).toBe(405);
  });

  it('is read by go tool pprof', async () => {
    const { body } = await busyWhile(fetchBytes('/debug/pprof/profile?seconds=0.4'));
    if (!hasGo) {
      console.log('no go on PATH: decoded by protobufjs only');
      expect(decode(gunzipSync(body)).samples.length).toBeGreaterThan(0);
      return;
    }
    const dir = mkdtempSync(join(tmpdir(), 'sonde-pprof-'));
    writeFileSync(join(dir, 'cpu.pb.gz'), body);
    const { stdout } = await promisify(execFile)('go', ['tool', 'pprof', '-top', join(dir, 'cpu.pb.gz')], { env: { ...process.env, PPROF_TMPDIR: dir } });
    rmSync(dir, { recursive: true, force: true });
    expect(stdout).toContain('Type: cpu');
    expect(stdout).toMatch(/hotLoop|busyWhile/);
  }); // Go compiles the tool at its first use
});

describe('the encoders', () => {
  const frame = (functionName: string, lineNumber = 0) => ({ functionName, url: '/no/such/file.js', lineNumber, columnNumber: 0 });

  it('give each line of a node its share, and idle time to nobody', () => {
    const nodes = [
      { id: 1, callFrame: frame('(root)'), children: [2, 3] },
      { id: 2, callFrame: frame('outer', 9), children: [4] },
      { id: 3, callFrame: frame('(idle)') },
      {
        id: 4,
        callFrame: frame(''),
        positionTicks: [
          { line: 21, ticks: 3 },
          { line: 22, ticks: 1 },
        ],
      },
    ];
    const { samples, durationMs } = decode(
      encodeCpuProfile({
        kind: 'cpu',
        profile: { nodes, samples: [4, 4, 3, 4, 4], timeDeltas: [0, 1_000, 1_000, 9_000, 1_000] },
        startMs: 5,
        durationMs: 12,
        names: NO_NAMES,
      }),
    );
    expect(durationMs).toBe(12);
    expect(samples).toEqual([
      { stack: ['(anonymous) /no/such/file.js:21', 'outer /no/such/file.js:10'], values: [3, 3_000_000], labels: {} },
      { stack: ['(anonymous) /no/such/file.js:22', 'outer /no/such/file.js:10'], values: [1, 1_000_000], labels: {} },
    ]);
  });

  it('pass over lines that V8 takes from inlined functions of other files, and tell functions of one name by where they begin', () => {
    const dir = mkdtempSync(join(tmpdir(), 'sonde-places-'));
    const url = join(dir, 'app.js');
    writeFileSync(url, 'a\nb\nc\nd\n');
    const at = (lineNumber: number, of = url) => ({ functionName: 'f', url: of, lineNumber, columnNumber: 0 });
    const ticks = (...lines: number[]) => lines.map((line) => ({ line, ticks: 1 }));
    const nodes = [
      { id: 1, callFrame: frame('(root)'), children: [2, 3, 4] },
      { id: 2, callFrame: at(1), positionTicks: ticks(2, 3, 530, 1) },
      { id: 3, callFrame: at(3), positionTicks: ticks(4) },
      { id: 4, callFrame: at(-1, ''), positionTicks: ticks(139) },
    ];
    const job = {
      kind: 'cpu' as const,
      profile: { nodes, samples: [2, 2, 2, 2, 3, 4], timeDeltas: [0, 9_000, 9_000, 9_000, 9_000, 2_000] },
      startMs: 0,
      durationMs: 1,
      names: NO_NAMES,
    };
    const bytes = encodeCpuProfile(job);
    rmSync(dir, { recursive: true });
    expect(decode(bytes).samples.map(({ stack }) => stack[0])).toEqual([`f ${url}:2`, `f ${url}:3`, `f ${url}:2`, `f ${url}:2`, `f ${url}:4`, 'f :0']);
    const profile = decodeProfile(bytes);
    expect(hottest(profile, 5).map(({ frame: one, self }) => [functionAt(one), self > 0])).toEqual([
      [`${url}:2`, true],
      [`${url}:4`, true],
      ['', true],
    ]);
  });

  it('take a deep heap without recursion', () => {
    let head = { id: 0, callFrame: frame('leaf'), selfSize: 64, children: [] as object[] };
    for (let i = 1; i < 3_000; i++) head = { id: i, callFrame: frame(`f${i}`), selfSize: 0, children: [head] };
    const { samples } = decode(
      encodeHeapProfile({
        kind: 'heap',
        profile: { head: head as never, samples: [{ size: 64, nodeId: 0 }] },
        startMs: 0,
        durationMs: 0,
        intervalBytes: 1,
        names: NO_NAMES,
      }),
    );
    expect(samples.length).toBe(1);
    expect(samples[0]?.values).toEqual([1, 64]);
  });
});
