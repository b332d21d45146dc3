import { channel as openChannel } from 'node:diagnostics_channel';

/** A typed event over `node:diagnostics_channel`: free when nobody listens. */
export interface Channel<T> {
  readonly name: string;
  /** Whether anybody listens; guards the making of a costly message. */
  readonly active: boolean;
  publish(message: T): void;
  /** Returns a function that ends the subscription. A listener that throws never reaches the publisher's caller. */
  subscribe(listener: (message: T) => void): () => void;
}

/** Opens the channel `sonde:<name>`; two copies of the package share it. */
export function channel<T>(name: string): Channel<T> {
  const inner = openChannel(`sonde:${name}`);
  return {
    name: `sonde:${name}`,
    get active() {
      return inner.hasSubscribers;
    },
    publish(message) {
      inner.publish(message);
    },
    subscribe(listener) {
      const guarded = (message: unknown): void => {
        try {
          listener(message as T);
        } catch {
          // A listener's failure is the listener's: telemetry must not break the program.
        }
      };
      inner.subscribe(guarded);
      return () => {
        inner.unsubscribe(guarded);
      };
    },
  };
}
