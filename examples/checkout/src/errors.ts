import { defineError } from 'sonde';

/** The payments service said no: a known edge case, not a bug. */
export const CardDeclined = defineError<{ orderId: string }>('orders/card-declined', {
  status: 402,
  public: 'Your card was declined.',
  hint: 'Ask the customer for another card; nothing was charged.',
  owner: 'payments',
});

/** The payments service does not answer as it should, or not at all. */
export const PaymentsFailed = defineError('orders/payments-failed', {
  status: 503,
  public: 'Payments do not work at the moment. Please try again in a minute.',
  hint: 'See the errors of the payments service; orders go on by themselves when it answers again.',
  owner: 'payments',
});

export const UnknownOrder = defineError<{ orderId: string }>('orders/unknown', { status: 404, public: 'There is no such order.' });

export const BadRequest = defineError('http/bad-request', { status: 400, public: 'The request is not an order.' });
