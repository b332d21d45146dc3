import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OpenRequest, OpenRequests } from '../../../src/http/open-requests.ts';

describe('OpenRequests', () => {
  it('is a list in the order of entering, whoever leaves', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 60 }), (steps) => {
        const list = new OpenRequests<OpenRequest & { id: number }>();
        const model: (OpenRequest & { id: number })[] = [];
        for (const [id, step] of steps.entries()) {
          if (step % 3 === 0 && model.length > 0) {
            const [gone] = model.splice(step % model.length, 1);
            list.remove(gone as never);
          } else {
            const request = { id, previous: undefined, next: undefined };
            model.push(request);
            list.add(request);
          }
          expect(list.oldest(100).map((one) => one.id)).toEqual(model.map((one) => one.id));
          expect(list.size).toBe(model.length);
          expect(list.oldest(2).length).toBe(Math.min(2, model.length));
        }
      }),
    );
  });
});
