const steps = new Set<() => void>();

/** Has `step` called before a signal ends the process, which fires no `exit` event. Returns what takes it away. */
export function beforeEnd(step: () => void): () => void {
  steps.add(step);
  return () => {
    steps.delete(step);
  };
}

/** Calls what waits for the end. Whoever sends the process its last signal calls it just before. */
export function runBeforeEnd(): void {
  for (const step of steps) {
    try {
      step();
    } catch {
      // The process ends; the other steps still have their turn.
    }
  }
}
