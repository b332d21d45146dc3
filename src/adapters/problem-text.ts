import type { Problem } from '../errors/problem.ts';

/** What a user is shown: a problem whose ID is absent where it is the client's own mistake. */
export type ProblemText = Pick<Problem, 'type' | 'title' | 'status' | 'detail'> & { readonly instance?: string; readonly errorId?: string };
