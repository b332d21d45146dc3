import type { Gate } from './gate.ts';

type Steps = 'next' | 'return' | 'throw';
type Step = (this: unknown, ...args: unknown[]) => unknown;

/** Where a generator stands to its gate. */
type Stand = 'outside' | 'inside' | 'over';

/** Lets a generator pass `gate` with its first `next()`; it leaves when it is over. One that is left half-way stays inside. */
export function gateGenerator(generator: Generator, args: readonly unknown[], gate: Gate): void {
  let stand: Stand = 'outside';
  const end = (): void => {
    if (stand === 'inside') gate.leave?.();
    stand = 'over';
  };
  patch(generator, (step, name) => (self, values) => {
    if (stand === 'outside' && name === 'next') {
      void gate.enter(args, false); // it cannot wait, and gets no promise
      stand = 'inside';
    }
    let result: IteratorResult<unknown>;
    try {
      result = step.apply(self, values) as IteratorResult<unknown>;
    } catch (error) {
      end();
      throw error;
    }
    if (result.done === true) end();
    return result;
  });
}

/** The same for an asynchronous one, which may wait at the gate; its further steps wait too. */
export function gateAsyncGenerator(generator: AsyncGenerator, args: readonly unknown[], gate: Gate): void {
  let stand: Stand = 'outside';
  let entering: Promise<void> | undefined;
  const end = (): void => {
    if (stand === 'inside') gate.leave?.();
    stand = 'over';
  };
  const enter = async (): Promise<void> => {
    await gate.enter(args, true);
    stand = 'inside';
  };
  const take = async (step: Step, self: unknown, values: unknown[]): Promise<unknown> => {
    try {
      const result = (await step.apply(self, values)) as IteratorResult<unknown>;
      if (result.done === true) end();
      return result;
    } catch (error) {
      end();
      throw error;
    }
  };
  patch(generator, (step, name) => (self, values) => {
    if (stand === 'outside' && entering === undefined && name === 'next') {
      entering = enter().finally(() => {
        entering = undefined;
      });
    }
    return entering === undefined ? take(step, self, values) : entering.then(() => take(step, self, values));
  });
}

function patch(generator: object, make: (step: Step, name: Steps) => (self: unknown, values: unknown[]) => unknown): void {
  for (const name of ['next', 'return', 'throw'] as const) {
    const step = (generator as Record<Steps, unknown>)[name];
    if (typeof step !== 'function') continue;
    const gatedStep = make(step as Step, name);
    const value = function (this: unknown, ...values: unknown[]): unknown {
      return gatedStep(this, values);
    };
    Object.defineProperty(generator, name, { value, configurable: true, writable: true, enumerable: false });
  }
}
