import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT, runInScope } from '../../../src/core/scope.ts';
import { configureLogs, type Logs } from '../../../src/logs/configure.ts';
import { logger } from '../../../src/logs/logger.ts';
import { spanFailed } from '../../../src/logs/retro.ts';
import { createNativeEngine, type NativeEngineOptions } from '../../../src/trace/engine/native.ts';
import { installEngine } from '../../../src/trace/engine/port.ts';
import { alwaysOff } from '../../../src/trace/engine/sampler.ts';
import { extractScope } from '../../../src/trace/propagation.ts';
import { traced } from '../../../src/trace/traced.ts';

const log = logger('retro.roots');
let lines: string[] = [];
let logs: Logs;
let uninstall: (() => void) | undefined;
beforeEach(() => {
  lines = [];
  logs = configureLogs({ format: 'json', retro: true, destination: { write: (line) => lines.push(line) } });
});
afterEach(() => {
  uninstall?.();
  logs.close();
});
function install(options: Partial<NativeEngineOptions> = {}): void {
  uninstall = installEngine(createNativeEngine({ output: { ended() {}, sampledOut() {} }, ...options }));
}
const messages = (): unknown[] => lines.map((line) => (JSON.parse(line) as Record<string, unknown>)['message']);
const fails = (): never => {
  throw new Error('no');
};

const inner = traced('inner', (name: string) => {
  log.debug(`inner ${name}`);
  fails();
});

describe('a trace fails', () => {
  it('when its outermost traced call throws, though nobody reports or logs it', () => {
    install();
    const outer = traced('outer', () => {
      log.debug('outer');
      inner('a');
    });
    expect(outer).toThrow('no');
    expect(messages()).toEqual(['outer', 'inner a']);
    expect(outer).toThrow('no'); // another trace, whose lines come once
    expect(messages()).toEqual(['outer', 'inner a', 'outer', 'inner a']);
  });

  it('when its outermost traced call rejects', async () => {
    install();
    const outer = traced('outer', async () => {
      log.debug('before');
      await null;
      log.debug('after');
      fails();
    });
    await expect(outer()).rejects.toThrow('no');
    expect(messages()).toEqual(['before', 'after']);
  });

  it('not when a call below fails and its caller goes on', () => {
    install();
    traced('outer', () => {
      try {
        inner('b');
      } catch {
        log.debug('went on');
      }
    })();
    expect(messages()).toEqual([]);
  });

  it('when the first call of this process fails in a trace that began elsewhere', () => {
    install();
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    expect(() => runInScope(extractScope(ROOT, headers), () => inner('c'))).toThrow('no');
    expect(messages()).toEqual(['inner c']);
  });

  it('also where the sampler refused it for good', () => {
    install({ sampler: alwaysOff, keep: false });
    expect(() => inner('d')).toThrow('no');
    expect(messages()).toEqual(['inner d']);
  });

  it('by a span of OpenTelemetry’s SDK that has no parent, or one in another process', () => {
    for (const parentSpanContext of [undefined, { isRemote: true }, { isRemote: false }]) {
      const span = { spanContext: () => ({ traceId: 'e'.repeat(32), spanId: 'f'.repeat(16), traceFlags: 1 }), parentSpanContext } as never;
      runInScope(Object.assign(ROOT.setValue(Symbol('x'), 1), { span }), () => log.debug('held'));
      spanFailed(span);
    }
    expect(messages()).toEqual(['held', 'held']);
  });
});
