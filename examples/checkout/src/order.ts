/** What a customer sends. */
export interface OrderRequest {
  readonly plan: 'basic' | 'pro';
  readonly seats: number;
  readonly card: string;
  readonly coupon?: string;
}

/** What we keep. */
export interface Order extends OrderRequest {
  readonly id: string;
  readonly cents: number;
}
