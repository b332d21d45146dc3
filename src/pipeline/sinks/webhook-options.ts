/** Where bugs are told. */
export interface WebhookOptions {
  readonly url: string;
  /** Signs each delivery; see `verifyReport`. */
  readonly secret?: string | undefined;
  /** The same fingerprint is told at most once in this time. */
  readonly everyMs: number;
}
