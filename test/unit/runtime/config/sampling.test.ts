import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../../../src/runtime/config/resolve.ts';

const options = (sampling: unknown) => ({ sampling }) as never;

describe('sampling options', () => {
  it('are read', () => {
    const sampling = {
      ratio: 0.1,
      perSecond: 20,
      rules: [
        { route: '/healthz', ratio: 0 },
        { function: 'jobs.*', perSecond: 1 },
      ],
      keep: { slow: false },
    };
    expect(resolveConfig(options(sampling), {}).sampler).toEqual({ parentBased: true, ...sampling });
    expect(resolveConfig(options({ keep: false }), {}).sampler).toEqual({ parentBased: true, ratio: 1, keep: false });
  });

  it.each([
    ['perSecond', -1, 'sampling.perSecond is -1, expected a number from 0'],
    ['rules', [{ ratio: 2 }], 'sampling.rules is a list, expected a list of { function, route, ratio, perSecond } with a ratio from 0 to 1'],
    ['rules', [{ rout: '/' }], 'sampling.rules is a list, expected a list of { function, route, ratio, perSecond } with a ratio from 0 to 1'],
    ['keep', { fast: true }, 'sampling.keep is an object, expected false, or an object of failed, cancelled and slow, each true or false'],
    ['keep', true, 'sampling.keep is true, expected false, or an object of failed, cancelled and slow, each true or false'],
  ])('refuses a bad %s', (key, value, problem) => {
    expect(() => resolveConfig(options({ [key]: value }), {})).toThrow(problem);
  });
});
