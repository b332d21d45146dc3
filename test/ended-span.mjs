/** A finished span as the engine hands it over; what is not given is plain. In JavaScript, because programs that tests start make some too. */
export function endedSpan(fields = {}) {
  return {
    trace: { t0: 0x01020304, t1: 0x05060708, t2: -1, t3: 0x0d0e0f10, traceState: undefined },
    s0: 0x11121314,
    s1: -2,
    p0: 0,
    p1: 0,
    flags: 1,
    def: undefined,
    name: 'work',
    kind: 0,
    startMono: 10,
    endMono: 12.5,
    statusCode: 0,
    statusMessage: undefined,
    attrs: undefined,
    values: undefined,
    events: undefined,
    links: undefined,
    library: undefined,
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    ...fields,
  };
}

/** One that ends now, with an ID of its own: `first` tells processes apart, `number` the spans of one. */
export function spanNow(first, number, fields) {
  const now = performance.now();
  const trace = { t0: first, t1: 1, t2: 2, t3: number, traceState: undefined };
  return endedSpan({ trace, s0: first, s1: number, startMono: now, endMono: now + 1, ...fields });
}
