import { describe, expect, it } from 'vitest';
import { useDiagWriter } from '../../../src/core/diag.ts';
import { type Meter, watchMeters } from '../../../src/core/meters.ts';
import { type MemberMeter, Members } from '../../../src/resilience/members.ts';

interface Counted {
  calls: number;
}
const METERS: readonly MemberMeter<Counted>[] = [
  {
    type: 'counter',
    name: 'test_members_calls_total',
    help: 'Calls',
    labels: ['name', 'kind'],
    read: ({ calls }) => [{ labels: { kind: 'any' }, value: calls }],
  },
];
const create = (): Counted => ({ calls: 0 });

describe('named', () => {
  it('gives one member for one name', () => {
    const members = new Members<Counted>('test', []);
    const first = members.named('a', { max: 1 }, create);
    expect(members.named('a', { max: 1 }, create)).toBe(first);
    expect(members.named('b', { max: 1 }, create)).not.toBe(first);
    expect([...members]).toHaveLength(2);
  });

  it.each<[object | undefined, object | undefined, string]>([
    [{ max: 1 }, { max: 2 }, 'max'],
    [{ max: 1 }, {}, 'max'],
    [undefined, { wait: '1s' }, 'wait'],
    [{ tiers: [{ rate: 1 }] }, { tiers: [{ rate: 2 }] }, 'tiers'],
    [{ isFailure: () => true }, {}, 'isFailure'],
  ])('refuses %o and %o under one name', (former, later, key) => {
    const members = new Members<Counted>('test', []);
    members.named('a', former, create);
    expect(() => members.named('a', later, create)).toThrow(
      new TypeError(`Cannot make test "a": it exists with another "${key}", expected the same options or another name`),
    );
  });

  it('takes functions for equal: two that are written alike are two', () => {
    const members = new Members<Counted>('test', []);
    const first = members.named('a', { isFailure: () => true }, create);
    expect(members.named('a', { isFailure: () => true }, create)).toBe(first);
  });
});

describe('unnamed', () => {
  it('gives each its own, told apart by a number', () => {
    const members = new Members<Counted>('test', []);
    const names: string[] = [];
    const make = (): Counted => members.unnamed('load', (name) => ({ calls: names.push(name) }));
    expect(make()).not.toBe(make());
    expect(names).toEqual(['load', 'load#2']);
  });

  it('shares nothing with one that is given the name of its function later', () => {
    const members = new Members<Counted>('test', []);
    const own = members.unnamed('payments', create);
    const named = members.named('payments', { max: 1 }, create);
    expect(named).not.toBe(own);
    expect(members.named('payments', { max: 1 }, create)).toBe(named);
    expect([...members]).toEqual(expect.arrayContaining([own, named]));
  });
});

describe('meters', () => {
  it('are shown with the first member, and read of each with its name', () => {
    const shown: Meter[] = [];
    const end = watchMeters((meter) => shown.push(meter));
    const before = shown.length;
    const members = new Members<Counted>('test', METERS);
    expect(shown).toHaveLength(before);
    members.named('a', undefined, create).calls = 3;
    members.unnamed('b', create).calls = 4;
    end();
    expect(shown).toHaveLength(before + 1);
    expect([...(shown.at(-1)?.read() ?? [])]).toEqual([
      { labels: { name: 'a', kind: 'any' }, value: 3 },
      { labels: { name: 'b', kind: 'any' }, value: 4 },
    ]);
  });

  it('are shown to whoever asks later, too', () => {
    new Members<Counted>('test', METERS).named('late', undefined, create);
    const shown: string[] = [];
    watchMeters(({ name }) => shown.push(name))();
    expect(shown).toContain('test_members_calls_total');
  });
});

it('keeps 1,000; what is beyond works, and is said once', () => {
  const said: string[] = [];
  const restore = useDiagWriter((line) => said.push(line));
  const members = new Members<Counted>('crowd', []);
  const all = Array.from({ length: 1_002 }, (_, i) => members.named(`n${i}`, undefined, () => ({ calls: i })));
  expect(all.at(-1)).toEqual({ calls: 1_001 });
  expect(members.unnamed('n0', () => ({ calls: -1 }))).toEqual({ calls: -1 });
  expect([...members]).toHaveLength(1_000);
  restore();
  expect(said).toEqual([expect.stringMatching(/^sonde: there are more than 1000 wrappers of the kind crowd; further ones work but have no metrics/)]);
});

it('keeps 20 of one function without a name: what is made for each call takes no place of what is named', () => {
  const said: string[] = [];
  const restore = useDiagWriter((line) => said.push(line));
  const members = new Members<Counted>('loop', []);
  const names = Array.from({ length: 1_500 }, () => {
    const given: string[] = [];
    members.unnamed('load', (name) => ({ calls: given.push(name) }));
    return given[0];
  });
  expect([names[0], names[19], names[20], names.at(-1)]).toEqual(['load', 'load#20', 'load', 'load']);
  expect(members.named('payments', undefined, create)).toBe(members.named('payments', undefined, create));
  members.unnamed('save', create);
  expect([...members]).toHaveLength(22);
  restore();
  expect(said).toEqual([
    expect.stringMatching(/^sonde: there are more than 20 wrappers of the kind loop around "load"; further ones work but have no metrics/),
  ]);
});
