/** What the instrumented function does: next to nothing, so that what is measured is the instrumentation. */
export const work = (a) => a + 1;
export const workAsync = async (a) => a + 1;
