/**
 * Does one thing in each turn of the event loop, in order. A port delivers its messages before the loop looks at sockets
 * again: without this, a flood of batches would keep the answers of receivers, and timers, waiting for seconds.
 */
export function oneATurn(): (task: () => void) => void {
  const waiting: (() => void)[] = [];
  let scheduled = false;
  const turn = (): void => {
    const task = waiting.shift();
    scheduled = waiting.length > 0;
    if (scheduled) setImmediate(turn);
    task?.();
  };
  return (task) => {
    waiting.push(task);
    if (scheduled) return;
    scheduled = true;
    setImmediate(turn);
  };
}
