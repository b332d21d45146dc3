const cell = new Int32Array(new SharedArrayBuffer(4)); // nobody ever wakes it

/** Blocks the thread for `ms` milliseconds: for the end of a process, and where something of the system is taken for a moment. */
export function pauseSync(ms: number): void {
  Atomics.wait(cell, 0, 0, ms);
}
