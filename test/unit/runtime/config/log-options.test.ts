import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../../../src/runtime/config/resolve.ts';
import type { StartOptions } from '../../../../src/runtime/config/start-options.ts';

const logs = (options: unknown) => resolveConfig({ logs: options } as StartOptions, {}).logs;

describe('the options of logs', () => {
  it('are off where nothing is said', () => {
    expect(logs({})).toMatchObject({ groups: {}, sampling: undefined, rateLimit: undefined, retro: undefined, console: false });
  });

  it('are read', () => {
    expect(
      logs({
        groups: { storage: ['db'] },
        sampling: { tick: '2s', first: 5 },
        rateLimit: { perSecond: 50 },
        retroactive: { level: 'trace', traces: 3 },
        console: true,
      }),
    ).toMatchObject({
      groups: { storage: ['db'] },
      sampling: { tickMs: 2_000, first: 5 },
      rateLimit: { perSecond: 50 },
      retro: { level: 'trace', traces: 3 },
      console: true,
    });
    expect(logs({ retroactive: true }).retro).toEqual({});
    expect(logs({ retroactive: false }).retro).toBeUndefined();
    expect(logs({ sampling: {} }).sampling).toEqual({});
  });

  it.each([
    [{ groups: { a: 'b' } }, 'logs.groups is an object, expected an object of lists'],
    [{ sampling: { tick: 5 } }, 'logs.sampling is an object, expected an object of tick'],
    [{ sampling: { first: -1 } }, 'logs.sampling'],
    [{ sampling: { frist: 1 } }, 'logs.sampling'],
    [{ rateLimit: {} }, 'logs.rateLimit'],
    [{ rateLimit: { perSecond: 0 } }, 'logs.rateLimit'],
    [{ retroactive: { level: 'loud' } }, 'logs.retroactive'],
    [{ retroactive: { traces: 0 } }, 'logs.retroactive'],
    [{ console: 'perhaps' }, 'logs.console'],
    [{ consol: true }, 'option logs.consol is not known, did you mean console?'],
  ])('refuses %j', (options, message) => {
    expect(() => logs(options)).toThrow(message);
  });
});
