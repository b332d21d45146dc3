/** A link of the list of open requests. */
export interface OpenRequest {
  previous: OpenRequest | undefined;
  next: OpenRequest | undefined;
}

/** The requests that are being served, oldest first: a linked list, because every request enters and leaves it. */
export class OpenRequests<T extends OpenRequest> {
  private first: T | undefined = undefined;
  private last: T | undefined = undefined;
  size = 0;

  add(request: T): void {
    request.previous = this.last;
    request.next = undefined;
    if (this.last) this.last.next = request;
    else this.first = request;
    this.last = request;
    this.size++;
  }

  /** To be called once for each request that was added. */
  remove(request: T): void {
    const { previous, next } = request;
    if (previous) previous.next = next;
    else this.first = next as T | undefined;
    if (next) next.previous = previous;
    else this.last = previous as T | undefined;
    this.size--;
  }

  /** The newest one that fits, among the newest `limit`. */
  find(fits: (request: T) => boolean, limit: number): T | undefined {
    let at = this.last;
    for (let looked = 0; at !== undefined && looked < limit; looked++) {
      if (fits(at)) return at;
      at = at.previous as T | undefined;
    }
    return undefined;
  }

  /** The oldest ones. */
  oldest(limit: number): T[] {
    const found: T[] = [];
    for (let at = this.first; at !== undefined && found.length < limit; at = at.next as T | undefined) found.push(at);
    return found;
  }
}
