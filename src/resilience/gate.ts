/** What calls pass on their way to a function. */
export interface Gate {
  /**
   * Lets a call in: nothing is returned for at once, a promise where it waits, which rejects where that was in vain. Throws
   * where the call is refused; one that may not wait (it has to answer now) is refused where others would wait.
   */
  enter(args: readonly unknown[], mayWait: boolean): Promise<void> | undefined;
  /** The call is over; called once for each that was let in. */
  leave?(): void;
}
