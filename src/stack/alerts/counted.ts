/**
 * PromQL of how much a counter counted in `window`, also of a series that appeared within it. `increase` takes the first
 * value of a series for nothing: what is counted for the first time, and all at once, would never be seen.
 */
export function counted(selector: string, window: string): string {
  return `((${selector} unless ${selector} offset ${window}) or increase(${selector}[${window}]))`;
}
