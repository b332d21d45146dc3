import type { Attributes } from '../../core/attributes.ts';
import type { DayFile } from '../day-file.ts';

const known = new WeakMap<DayFile, Map<string, number>>();

/** The number of a resource in a file; adds it when it is new. Call it inside the transaction of the rows that use it. */
export function resourceNumber(file: DayFile, resource: Attributes): number {
  const body = JSON.stringify(Object.fromEntries(Object.entries(resource).sort(([a], [b]) => (a < b ? -1 : 1))));
  const numbers = known.get(file) ?? new Map<string, number>();
  known.set(file, numbers);
  let id = numbers.get(body);
  if (id === undefined) {
    file.prepare('INSERT OR IGNORE INTO resources (body) VALUES (?)').run(body);
    id = Number(file.prepare('SELECT id FROM resources WHERE body = ?').get(body)?.['id']);
    numbers.set(body, id);
  }
  return id;
}

/** Forgets the numbers: the transaction that added them was rolled back. */
export function forgetResources(file: DayFile): void {
  known.delete(file);
}
