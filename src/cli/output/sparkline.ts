const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** Numbers as a row of bars, the highest as high as can be; nothing is a dot, so that little is told from nothing. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(...values, 0);
  return values.map((value) => (value <= 0 || most === 0 ? '·' : BARS[Math.min(7, Math.floor((value / most) * 7.999))])).join('');
}
