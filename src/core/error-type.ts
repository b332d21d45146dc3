/** The low-cardinality name of a failure, the same on spans and metrics: its `code`, else the name of its class. */
export function errorType(error: unknown): string {
  try {
    if (error === null) return 'null';
    if (typeof error !== 'object') return typeof error;
    const { code, name } = error as { code?: unknown; name?: unknown };
    if (typeof code === 'string' && CODE.test(code)) return code;
    const className = (error as { constructor?: { name?: unknown } }).constructor?.name;
    if (typeof name === 'string' && name !== '' && name !== 'Error') return name.slice(0, MAX_NAME);
    return typeof className === 'string' && className !== '' ? className.slice(0, MAX_NAME) : 'Error';
  } catch {
    return 'Error';
  }
}

const MAX_NAME = 200; // characters: it is a metric label

/** Codes as Node, undici and {@link defineError} write them, and the five characters of SQLSTATE; text that holds a value is no code. */
const CODE = /^(?:[A-Za-z][\w./:-]{0,127}|[0-9A-Z]{5})$/;
