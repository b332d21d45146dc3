/** A link of an {@link OpenList}. */
export interface OpenLink {
  previous: OpenLink | undefined;
  next: OpenLink | undefined;
}

/** What is under way, oldest first: a linked list, because everything enters and leaves it, in any order. */
export class OpenList<T extends OpenLink> {
  protected first: T | undefined = undefined;
  protected last: T | undefined = undefined;
  size = 0;

  add(item: T): void {
    item.previous = this.last;
    item.next = undefined;
    if (this.last) this.last.next = item;
    else this.first = item;
    this.last = item;
    this.size++;
  }

  /** To be called once for each item that was added. */
  remove(item: T): void {
    const { previous, next } = item;
    if (previous) previous.next = next;
    else this.first = next as T | undefined;
    if (next) next.previous = previous;
    else this.last = previous as T | undefined;
    this.size--;
  }

  /** The oldest ones. */
  oldest(limit: number): T[] {
    const found: T[] = [];
    for (let at = this.first; at !== undefined && found.length < limit; at = at.next as T | undefined) found.push(at);
    return found;
  }
}
