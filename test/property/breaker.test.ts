import { circuitBreaker, ExponentialBackoff, handleAll } from 'cockatiel';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RateRule } from '../../src/resilience/breaker-rule.ts';
import { BreakerMachine, REFUSED } from '../../src/resilience/breaker-state.ts';
import { RateWindow } from '../../src/resilience/rate-window.ts';
import { type ManualClock, manualClock } from '../../src/testing/manual-clock.ts';

let time: ManualClock;
beforeEach(() => {
  time = manualClock();
});
afterEach(() => time.restore());

describe('a window of time', () => {
  it('holds all calls of the last nine tenths, and none that is older than itself', () => {
    const step = fc.record({ afterMs: fc.integer({ min: 0, max: 4_000 }), bad: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const window = new RateWindow({ threshold: 0.5, windowMs: 1_000, minimumCalls: 3 });
        const calls: { at: number; bad: boolean }[] = [];
        for (const { afterMs, bad } of steps) {
          time.block(`${afterMs}ms`);
          if (bad) window.failure();
          else window.success();
          calls.push({ at: time.mono(), bad });
          const { successes, failures } = window.state;
          const since = (ms: number) => calls.filter(({ at }) => time.mono() - at < ms);
          const [sure, possible] = [since(900), since(1_000)];
          expect(failures).toBeGreaterThanOrEqual(sure.filter((call) => call.bad).length);
          expect(failures).toBeLessThanOrEqual(possible.filter((call) => call.bad).length);
          expect(successes + failures).toBeGreaterThanOrEqual(sure.length);
          expect(successes + failures).toBeLessThanOrEqual(possible.length);
        }
        time.block('1s');
        expect(window.state).toEqual({ successes: 0, failures: 0 });
      }),
    );
  });

  it('is a rule for cockatiel’s own breaker', async () => {
    const breaker = new RateWindow({ threshold: 0.5, windowMs: 1_000, minimumCalls: 3 });
    const policy = circuitBreaker(handleAll, { breaker, halfOpenAfter: new ExponentialBackoff() });
    const fail = (): Promise<never> => policy.execute(() => Promise.reject(new Error('no')));
    for (let i = 0; i < 3; i++) await expect(fail()).rejects.toThrow('no');
    await expect(fail()).rejects.toThrow('Execution prevented because the circuit breaker is open');
  });
});

it('a rate over calls opens exactly when at least that share of the last ones was bad', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fc.boolean(), { maxLength: 200 }),
      (size, percent, share, outcomes) => {
        const minimum = Math.max(1, Math.round(share * size));
        const rule = new RateRule({ calls: size }, percent / 100, minimum);
        const seen: boolean[] = [];
        for (const bad of outcomes) {
          const opens = rule.add(bad);
          seen.push(bad);
          const last = seen.slice(-size);
          const wanted = last.length >= minimum && last.filter(Boolean).length * 100 >= percent * last.length;
          expect(opens).toBe(wanted);
          if (opens) return;
        }
      },
    ),
  );
});

describe('a breaker under any calls', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ do: 'begin' } as const) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(), kind: fc.constantFrom('successful', 'failed', 'ignored') }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3_000 }) }) },
    { weight: 1, arbitrary: fc.constantFrom({ do: 'force' } as const, { do: 'close' } as const, { do: 'reset' } as const) },
  );

  it('never lets more trials run than it may, refuses while it is open, and lets a call in again after its time', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), fc.integer({ min: 1, max: 4 }), (steps, trials) => {
        const rules = { window: { calls: 4 }, failureRate: 0.5, minimumCalls: 2, slowMs: 2_000, slowRate: 0.5, openMs: 1_000, maxOpenMs: 4_000 };
        const states: string[] = ['closed'];
        const machine = new BreakerMachine({ ...rules, consecutive: undefined, trials }, ({ from, to }) => {
          expect(from).toBe(states.at(-1));
          expect(to).not.toBe(from);
          states.push(to);
        });
        let mono = 0;
        const open: { pass: number; start: number }[] = [];
        for (const one of steps) {
          if (one.do === 'wait') mono += one.ms;
          else if (one.do === 'begin') {
            const pass = machine.enter(mono);
            const now = machine.state(mono);
            if (now === 'open' || now === 'forced_open') expect(pass).toBe(REFUSED);
            if (now === 'closed') expect(pass).not.toBe(REFUSED);
            if (pass !== REFUSED) open.push({ pass, start: mono });
            const fresh = open.filter((call) => now === 'half_open' && call.pass === pass && mono - call.start < rules.openMs);
            expect(fresh.length).toBeLessThanOrEqual(trials);
          } else if (one.do === 'end') {
            const [call] = open.splice(one.which % Math.max(1, open.length), 1);
            if (call) machine.leave(call.pass, call.start, mono, one.kind, undefined);
          } else if (one.do === 'force') machine.force(mono, 'test');
          else if (one.do === 'close') machine.close(mono, 'test');
          else machine.reset(mono, 'test');
        }
        if (machine.state(mono) === 'forced_open') machine.close(mono, 'test');
        // Whatever hangs: after the longest time to wait, and a trial's, somebody gets in.
        mono += rules.maxOpenMs;
        machine.state(mono);
        expect(machine.enter(mono)).not.toBe(REFUSED);
      }),
      { numRuns: 300 },
    );
  });
});
