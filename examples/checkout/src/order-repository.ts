import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hedge, traced } from 'sonde';
import type { Order } from './order.ts';

const ID = /^o-[0-9a-z]{1,20}$/;

/** Orders as JSON files in a folder, one a file, each written whole and then renamed into place. */
@traced({ boundary: 'order-store' })
export class OrderRepository {
  readonly #dir: string;
  #count = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async nextId(): Promise<string> {
    await mkdir(this.#dir, { recursive: true });
    return `o-${Date.now().toString(36)}${(this.#count++ % 1_296).toString(36).padStart(2, '0')}`;
  }

  async save(order: Order): Promise<void> {
    const path = join(this.#dir, `${order.id}.json`);
    await writeFile(`${path}.new`, JSON.stringify(order));
    await rename(`${path}.new`, path);
  }

  /** Reading a file twice does no harm, and a disk is slow now and then. */
  @hedge('orders.read', { after: '50ms' })
  async find(id: string): Promise<Order | undefined> {
    if (!ID.test(id)) return undefined;
    try {
      return JSON.parse(await readFile(join(this.#dir, `${id}.json`), 'utf8')) as Order;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
