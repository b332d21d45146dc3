import { type OpenLink, OpenList } from '../core/open-list.ts';

/** A link of the list of open requests. */
export type OpenRequest = OpenLink;

/** The requests that are being served, oldest first. */
export class OpenRequests<T extends OpenRequest> extends OpenList<T> {
  /** The newest one that fits, among the newest `limit`. */
  find(fits: (request: T) => boolean, limit: number): T | undefined {
    let at = this.last;
    for (let looked = 0; at !== undefined && looked < limit; looked++) {
      if (fits(at)) return at;
      at = at.previous as T | undefined;
    }
    return undefined;
  }
}
