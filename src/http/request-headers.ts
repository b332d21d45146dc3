/** The headers of a request that this layer needs. */
export interface NeededHeaders {
  /** Whether there is a context to continue. */
  traced: boolean;
  deadline: string | undefined;
  host: string | undefined;
  userAgent: string | undefined;
}

/**
 * Picks headers out of Node's raw list. `request.headers` would be built for it, which costs more than all the rest here and
 * which a handler that reads no headers never pays. Of a repeated header the first counts, as Node has it for these.
 */
export function neededHeaders(raw: readonly string[]): NeededHeaders {
  const found: NeededHeaders = { traced: false, deadline: undefined, host: undefined, userAgent: undefined };
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    switch (name.length) {
      case 4:
        if (found.host === undefined && isName(name, 'host')) found.host = raw[i + 1];
        break;
      case 7:
        if (isName(name, 'baggage')) found.traced = true;
        break;
      case 10:
        if (found.userAgent === undefined && isName(name, 'user-agent')) found.userAgent = raw[i + 1];
        break;
      case 11:
        if (isName(name, 'traceparent')) found.traced = true;
        break;
      case 20:
        // A second one makes the value malformed, as the joined text of Node would be.
        if (isName(name, 'x-request-timeout-ms')) found.deadline = found.deadline === undefined ? raw[i + 1] : `${found.deadline}, ${raw[i + 1]}`;
        break;
      default:
        break;
    }
  }
  return found;
}

function isName(name: string, lower: string): boolean {
  return name === lower || name.toLowerCase() === lower;
}
