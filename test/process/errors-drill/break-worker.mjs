// Loaded into the worker threads of the drill's service: on demand the thread fails as by a bug of its own.
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  const orders = new BroadcastChannel('errors-drill');
  orders.onmessage = () => {
    setImmediate(() => {
      throw new Error('the drill breaks this thread');
    });
  };
  orders.unref();
}
