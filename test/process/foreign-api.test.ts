import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

async function run(fixture: string, ...args: string[]): Promise<{ out: unknown; err: string }> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    '--no-warnings',
    new URL(`fixtures/interop/${fixture}`, import.meta.url).pathname,
    ...args,
  ]);
  return { out: JSON.parse(stdout), err: stderr };
}

describe('other versions of the API in the process', () => {
  it.each([
    ['an older one, loaded before', ['1.4.0', '-'], ['early in work', 'own in work', 'work']],
    ['a newer one, loaded before: we register with its version', ['1.42.0', '-'], ['early in work', 'own in work', 'work']],
    ['an older one that already made the shared object', ['1.4.0', '-', 'diag'], ['early in work', 'own in work', 'work']],
    ['a newer one that already made the shared object', ['1.42.0', '-', 'diag'], ['early in work', 'own in work', 'work']],
    ['an older one, loaded later', ['-', '1.4.0'], ['late in work', 'own in work', 'work', 'late in work', 'own in work', 'work']],
  ])('%s: its spans are among ours, and nothing is said', async (_what, args, spans) => {
    expect(await run('copies.cjs', ...args)).toEqual({ out: spans, err: '' });
  });

  it('a newer one, loaded later: lost until it is noticed, which one line tells', async () => {
    const { out, err } = await run('copies.cjs', '-', '1.42.0');
    expect(out).toEqual(['own in work', 'work', 'late in work', 'own in work', 'work']);
    expect(err).toMatch(
      /^sonde: \S+1\.42\.0 is @opentelemetry\/api 1\.42\.0, newer than the \S+ that Sonde registered with: what it traced until now is lost, from now on it is kept; run "npm install @opentelemetry\/api@1\.42\.0" to have one version\n$/,
    );
  });
});

describe('the copy of the API that Sonde has too', () => {
  it('has its early tracers served where it was loaded before', async () => {
    expect((await run('own-api.mjs', 'before')).out).toEqual({ spans: ['early in work', 'now in work', 'work'], loadedBySonde: false, seen: true });
  });

  it('is not loaded by Sonde, and finds it when it comes', async () => {
    expect((await run('own-api.mjs', 'after')).out).toEqual({ spans: ['now in work', 'work'], loadedBySonde: false, seen: true });
  });
});

describe('version 1.10 of the API, which is two modules', () => {
  it('loaded before: its early tracers too, by import and by require', async () => {
    const spans = ['early in work', 'now in work', 'active in work'];
    const { out, err } = await run('next-api.mjs', 'api');
    expect((out as string[]).sort()).toEqual([...spans, ...spans, 'work'].sort());
    expect(err).toBe('');
  });

  it('loaded before, and the shared object was made by it', async () => {
    const { out } = await run('next-api.mjs', 'api', 'diag');
    expect(out).toHaveLength(7);
  });

  it('loaded later: noticed, and said in one line', async () => {
    const { out, err } = await run('next-api.mjs', 'sonde');
    expect(out).toEqual(['work', 'now in work', 'active in work', 'work']);
    expect(err).toMatch(/^sonde: \S+ is @opentelemetry\/api 1\.10\.0, newer than the 1\.9\.\d+ that Sonde registered with: [^\n]+\n$/);
  });
});

describe('an instrumentation of HTTP beside our own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-twice-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is said once', async () => {
    const { err } = await run('http-twice.cjs', folder);
    expect(err).toBe(
      'sonde: @opentelemetry/instrumentation-http and Sonde both watch HTTP: each request has two spans; ' +
        'remove @opentelemetry/instrumentation-http, or start Sonde with http: false\n',
    );
  });

  it('is welcome where ours is off', async () => {
    expect((await run('http-twice.cjs', folder, 'alone')).err).toBe('');
  });
});

it('another SDK that was started first keeps its instrumentations; one line tells what to do', async () => {
  const { out, err } = await run('node-sdk-first.cjs');
  expect(out).toEqual({ ours: ['ours'], theirs: ['theirs', 'still theirs'] });
  expect(err).toMatch(
    /^sonde: another OpenTelemetry SDK \(\w*TracerProvider\) is registered in this process: its instrumentations keep reporting there; remove its start-up, or start Sonde before it, to have their spans in Sonde\n$/,
  );
});

describe('another SDK that is started after Sonde', () => {
  it('is refused by the API, which one line tells', async () => {
    const { out, err } = await run('node-sdk-after.cjs');
    expect(out).toEqual({ spans: ['theirs', 'ours'], heard: false, warned: 0 });
    expect(err).toBe(
      'sonde: another OpenTelemetry SDK was started after Sonde, and @opentelemetry/api refused it: the spans of its instrumentations are in Sonde, its exporters get none; ' +
        'remove its start-up, or start it before Sonde to have them there\n',
    );
  });

  it('tells the diagnostic logger of the application where there is one', async () => {
    // Which it takes over from ours unsaid.
    expect(await run('node-sdk-after.cjs', 'logger', 'api')).toEqual({ out: { spans: ['theirs', 'ours'], heard: true, warned: 0 }, err: '' });
  });
});

it('telemetry that is started again gets the spans of libraries that kept their tracer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-restart-'));
  const { out } = await run('restart.cjs', folder);
  rmSync(folder, { recursive: true, force: true });
  expect(out).toEqual({ first: 1, second: 4, third: 2, recording: false, inside: true, same: true, over: false });
});
