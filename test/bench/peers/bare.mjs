import { work, workAsync } from './work.mjs';

export function calls({ asynchronous }) {
  return { asynchronous, op: asynchronous ? workAsync : work };
}
