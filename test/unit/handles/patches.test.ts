import dns from 'node:dns';
import events, { EventEmitter } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import timers, { setTimeout as namedTimeout } from 'node:timers';
import timersPromises from 'node:timers/promises';
import { promisify } from 'node:util';
import workerThreads from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { installHandles } from '../../../src/handles/install.ts';
import { listHandles } from '../../../src/handles/list-handles.ts';
import { patchMethod } from '../../../src/handles/patches/patch.ts';
import { registrySize } from '../../../src/handles/registry.ts';

/** Every function that is patched, read anew each time. */
const HOMES: readonly (readonly [name: string, home: object, key: string])[] = [
  ...(['setTimeout', 'setInterval', 'setImmediate'] as const).flatMap((key) => [['global', globalThis, key] as const, ['timers', timers, key] as const]),
  ['timers/promises', timersPromises, 'setTimeout'],
  ['timers/promises', timersPromises, 'setInterval'],
  ['net.Server', net.Server.prototype, 'listen'],
  ['net.Socket', net.Socket.prototype, 'connect'],
  ...['watch', 'watchFile', 'createReadStream', 'createWriteStream', 'open', 'openSync', 'close', 'closeSync'].map((key) => ['fs', fs, key] as const),
  ['fs.promises', fs.promises, 'open'],
  ['fs.promises', fs.promises, 'watch'],
  ['dns', dns, 'lookup'],
  ['events', events, 'on'],
  ['global', globalThis, 'fetch'],
  ['global', globalThis, 'MessageChannel'],
  ['global', globalThis, 'BroadcastChannel'],
  ['worker_threads', workerThreads, 'MessageChannel'],
  ['Worker', workerThreads.Worker.prototype, 'unref'],
];
const PATCHED = HOMES.map(([name, home, key]) => ({ name, key, home: () => home }));
const read = (home: object, key: string): ((...args: never[]) => unknown) => (home as Record<string, (...args: never[]) => unknown>)[key] as never;

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0)) step();
});
const install = (): void => void undo.push(installHandles());

describe('the patches', () => {
  it.each(PATCHED)('of $name $key are invisible: name, length, own properties and flags stay', ({ home: homeOf, key }) => {
    const home = homeOf();
    const before = { fn: read(home, key), flags: Object.getOwnPropertyDescriptor(home, key) };
    const shape = (fn: object): unknown[] => [
      Reflect.ownKeys(fn).filter((each) => each !== 'prototype' && each !== 'arguments' && each !== 'caller'),
      (fn as { name: string }).name,
      (fn as { length: number }).length,
      typeof fn,
    ];
    const expected = shape(before.fn);
    install();
    expect(read(home, key)).not.toBe(before.fn);
    expect(shape(read(home, key))).toEqual(expected);
    const { enumerable, configurable } = Object.getOwnPropertyDescriptor(home, key) ?? {};
    expect({ enumerable, configurable }).toEqual({ enumerable: before.flags?.enumerable ?? false, configurable: true });
  });

  it.each(PATCHED)('of $name $key come out whole', ({ home: homeOf, key }) => {
    const home = homeOf();
    const before = Object.getOwnPropertyDescriptor(home, key);
    install();
    for (const step of undo.splice(0)) step();
    expect(Object.getOwnPropertyDescriptor(home, key)).toEqual(before);
  });

  it('are in once, however often they are put in, and out when the last one is taken out', () => {
    const plain = globalThis.setTimeout;
    const first = installHandles();
    const patched = globalThis.setTimeout;
    const second = installHandles();
    expect(globalThis.setTimeout).toBe(patched);
    first();
    first();
    expect(globalThis.setTimeout).toBe(patched);
    second();
    expect(globalThis.setTimeout).toBe(plain);
  });

  it('leave the wrapper of somebody else in place and only pass through', () => {
    install();
    const patched = globalThis.setTimeout;
    const theirs = ((...args: Parameters<typeof setTimeout>) => patched(...args)) as typeof setTimeout;
    globalThis.setTimeout = theirs;
    for (const step of undo.splice(0)) step();
    expect(globalThis.setTimeout).toBe(theirs);
    const timer = setTimeout(() => {}, 60_000);
    clearTimeout(timer);
    expect(registrySize().timers).toBe(0);
    // Back to what stood there before this test.
    globalThis.setTimeout = timers.setTimeout;
  });

  it('reach named imports and the global alike', () => {
    install();
    expect(timers.setTimeout).toBe(globalThis.setTimeout);
    expect(namedTimeout).toBe(globalThis.setTimeout);
  });

  it('keep the promisified forms', async () => {
    const plain = promisify(setTimeout);
    install();
    expect(promisify(setTimeout)).toBe(timersPromises.setTimeout);
    expect(plain.length).toBe(promisify(setTimeout).length);
    expect(await promisify(setTimeout)(1, 'value')).toBe('value');
    expect(await promisify(setImmediate)('value')).toBe('value');
    expect(await promisify(dns.lookup)('127.0.0.1')).toEqual({ address: '127.0.0.1', family: 4 });
  });

  it('keep arguments, ref and unref, refresh, numbers and abort signals', async () => {
    install();
    expect(await new Promise((resolve) => setTimeout((...args: number[]) => resolve(args), 1, 1, 2, 3, 4))).toEqual([1, 2, 3, 4]);
    const timer = setTimeout(() => {}, 60_000);
    expect([timer.hasRef(), timer.unref().hasRef(), timer.ref().hasRef(), timer.refresh() === timer]).toEqual([true, false, true, true]);
    clearTimeout(Number(timer));
    expect(listHandles().some(({ type, detail }) => type === 'timeout' && detail === '60000ms')).toBe(false);
    await expect(timersPromises.setTimeout(60_000, undefined, { signal: AbortSignal.timeout(1) })).rejects.toThrow();
    expect(() => setTimeout('no function' as never, 1)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  });

  it('keep constructors that are asked for their instances', () => {
    const Before = globalThis.MessageChannel;
    install();
    const made = new MessageChannel();
    expect([made instanceof MessageChannel, made instanceof Before, globalThis.MessageChannel === (workerThreads.MessageChannel as unknown)]).toEqual([
      true,
      true,
      true,
    ]);
    made.port1.close();
    expect(() => (MessageChannel as unknown as () => void)()).toThrow(TypeError);
  });

  it('pass on arguments that are not documented', async () => {
    install();
    const { port1, port2 } = new MessageChannel();
    port2.on('message', () => {});
    await new Promise<void>((resolve) => (port1 as unknown as { close(done: () => void): void }).close(resolve));
    expect(listHandles().filter(({ type }) => type === 'port')).toEqual([]);
  });

  it('leave a rejection that nobody handles unhandled', async () => {
    install();
    const seen: unknown[] = [];
    const former = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', (reason) => seen.push((reason as Error).message));
    const emitter = new EventEmitter();
    const iterator = events.on(emitter, 'data');
    void iterator.next();
    emitter.emit('error', new Error('from the emitter'));
    void timersPromises.setTimeout(60_000, undefined, { signal: AbortSignal.abort(new Error('x')) });
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.removeAllListeners('unhandledRejection');
    for (const listener of former) process.on('unhandledRejection', listener);
    expect(seen.sort()).toEqual(['The operation was aborted', 'from the emitter']);
  });

  it('forget everything when they are taken out', () => {
    install();
    const timer = setInterval(() => {}, 1_000);
    expect(listHandles().some(({ type }) => type === 'interval')).toBe(true);
    for (const step of undo.splice(0)) step();
    expect(registrySize()).toMatchObject({ entries: 0, timers: 0 });
    clearInterval(timer);
  });
});

describe('patchMethod', () => {
  it('does nothing where there is no function', () => {
    const target = { value: 1 } as unknown as { value: () => void };
    patchMethod(target, 'value', () => () => {})();
    expect(target).toEqual({ value: 1 });
  });

  it('removes a property that was inherited before', () => {
    class Base {
      run(): string {
        return 'base';
      }
    }
    const object = new Base();
    const out = patchMethod(
      object as { run(): string },
      'run',
      (original) =>
        function (this: Base) {
          return `patched ${original.call(this)}`;
        },
    );
    expect(object.run()).toBe('patched base');
    out();
    expect([object.run(), Object.hasOwn(object, 'run')]).toEqual(['base', false]);
  });
});

describe('fake timers', () => {
  it('go over the patches, and leave them as they were', async () => {
    install();
    const patched = [globalThis.setTimeout, globalThis.setInterval, globalThis.setImmediate];
    vi.useFakeTimers();
    const ran: string[] = [];
    setTimeout(() => ran.push('timeout'), 60_000);
    const interval = setInterval(() => ran.push('interval'), 25_000);
    vi.advanceTimersByTime(60_000);
    clearInterval(interval);
    expect(listHandles().filter(({ type }) => type === 'timeout' || type === 'interval')).toEqual([]);
    vi.useRealTimers();
    expect(ran).toEqual(['interval', 'interval', 'timeout']);
    expect([globalThis.setTimeout, globalThis.setInterval, globalThis.setImmediate]).toEqual(patched);
  });

  it('may be there before the patches: they stay in charge, and what is real is back afterwards', async () => {
    const plain = globalThis.setTimeout;
    vi.useFakeTimers();
    install();
    let ran = false;
    setTimeout(() => (ran = true), 60_000);
    vi.advanceTimersByTime(60_000);
    expect(ran).toBe(true);
    for (const step of undo.splice(0)) step();
    vi.useRealTimers();
    expect(globalThis.setTimeout).toBe(plain);
    await new Promise((resolve) => setTimeout(resolve, 1));
  });
});
