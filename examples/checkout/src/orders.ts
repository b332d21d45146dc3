import { annotate, cached, counter, logger, traced } from 'sonde';
import { UnknownOrder } from './errors.ts';
import type { Order, OrderRequest } from './order.ts';
import type { OrderRepository } from './order-repository.ts';
import { charge } from './payments-client.ts';
import { priceOf } from './pricing.ts';
import { queueReceipt } from './receipts.ts';

const log = logger('orders');
const placed = counter('orders_placed_total', { help: 'Orders accepted', labels: ['plan'] });

/** Places and finds orders. */
export class Orders {
  readonly #repository: OrderRepository;

  constructor(repository: OrderRepository) {
    this.#repository = repository;
  }

  @traced({ slo: { objective: 0.999, latency: '2s' } })
  async place(request: OrderRequest): Promise<Order> {
    const id = await this.#repository.nextId();
    annotate({ 'order.id': id, plan: request.plan });
    log.debug({ order: id, seats: request.seats, coupon: request.coupon }, 'pricing the order');
    const cents = await priceOf(request);
    const order: Order = { ...request, id, cents };
    await charge(order);
    await this.#repository.save(order);
    queueReceipt(order);
    placed.inc({ plan: order.plan });
    log.info({ order: id, cents }, 'order placed');
    return order;
  }

  /** An order does not change once it is placed; one that is not there is not kept, for it throws. */
  @traced
  @cached('orders.find', { ttl: '10m', max: 1_000 })
  async find(id: string): Promise<Order> {
    const order = await this.#repository.find(id);
    if (!order) throw new UnknownOrder(`Cannot find order "${id}": no such file`, { data: { orderId: id } });
    log.debug({ order: id }, 'order found');
    return order;
  }
}
