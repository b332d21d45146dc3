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
        if (found.host === undefined && isName(name, 'host', 'Host')) found.host = raw[i + 1];
        break;
      case 7:
        if (isName(name, 'baggage', 'Baggage')) found.traced = true;
        break;
      case 10:
        if (found.userAgent === undefined && isName(name, 'user-agent', 'User-Agent')) found.userAgent = raw[i + 1];
        break;
      case 11:
        if (isName(name, 'traceparent', 'Traceparent')) found.traced = true;
        break;
      case 20:
        // A second one makes the value malformed, as the joined text of Node would be.
        if (isName(name, 'x-request-timeout-ms', 'X-Request-Timeout-Ms'))
          found.deadline = found.deadline === undefined ? raw[i + 1] : `${found.deadline}, ${raw[i + 1]}`;
        break;
      default:
        break;
    }
  }
  return found;
}

/** The two usual ways to write a name are compared first, and a name with another first letter is not looked at: `Connection` comes with every request. */
function isName(name: string, lower: string, title: string): boolean {
  if ((name.charCodeAt(0) | 32) !== lower.charCodeAt(0)) return false;
  return name === lower || name === title || name.toLowerCase() === lower;
}
