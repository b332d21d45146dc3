import type { Alert } from './alert.ts';

/** An alert on one gauge or one rate, with one series that fires and one that does not: the shape most alerts have. */
export interface SimpleAlert extends Omit<Alert, 'language' | 'test'> {
  /** The series of the test, labels included. */
  readonly series: string;
  /** Promtool values that fire and that must not. */
  readonly fires: string;
  readonly silent: string;
  /** Labels that the alert carries when it fires. */
  readonly labels: Readonly<Record<string, string>>;
  /** When to look. */
  readonly at?: string;
  /** Further series that both cases have. */
  readonly besides?: Readonly<Record<string, string>>;
}

export function simple({ series, fires, silent, labels, at = '30m', besides = {}, ...alert }: SimpleAlert): Alert {
  return {
    ...alert,
    language: 'promql',
    test: { fires: { at, series: { ...besides, [series]: fires }, labels }, silent: { at, series: { ...besides, [series]: silent } } },
  };
}
