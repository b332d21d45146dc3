import { type Channel, channel } from './channels.ts';
import type { CallResult, FunctionDef } from './function-def.ts';

/** A traced call ended after the signal of its scope had aborted: how long it took to notice. */
export interface CallAborted {
  readonly def: FunctionDef;
  /** Milliseconds from the abort to the end of the call. */
  readonly latencyMs: number;
  /** `ok` and `error` show that the function cannot be preempted, or does not listen. */
  readonly result: CallResult;
}
export const callAborted: Channel<CallAborted> = channel('call.aborted');
