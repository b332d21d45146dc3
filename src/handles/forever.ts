import { defineError } from '../errors/define-error.ts';
import { report } from '../errors/report.ts';
import { onSample } from './install.ts';
import { shortSite } from './leak-message.ts';
import { ownerEnded, ownerOf } from './owner.ts';
import { timerLog } from './registry.ts';
import { siteText } from './site-text.ts';

const ForeverTicking = defineError<{ source: string; owner: string | undefined; everyMs: number }>('sonde/forever-ticking', {
  status: 500,
  title: 'An interval outlives its owner',
  hint: 'Clear it where its owner ends, or use ticker(), which stops with its scope; a job of the whole process is started outside of any call.',
});

const MAX_TOLD = 1_000; // places that start intervals inside calls
const told = new Set<string>();

/** Reports each place whose interval ticks on after the call, span or request that started it has ended; once a place. */
export function reportForeverTicking(): void {
  for (const { timer, scope, site } of timerLog().open()) {
    const ended = timer._repeat === null ? undefined : ownerEnded(scope);
    if (ended === undefined) continue;
    const source = site ? shortSite(siteText(site)) : 'a place that was not captured';
    if (told.has(source) || told.size >= MAX_TOLD) continue;
    told.add(source);
    const owner = ownerOf(scope)?.name;
    const everyMs = timer._repeat ?? timer._idleTimeout;
    report(
      new ForeverTicking(`An interval of ${everyMs}ms from ${source} ticks on though its owner${owner ? ` "${owner}"` : ''} is over: ${ended}`, {
        data: { source, owner, everyMs },
      }),
      {
        ...(scope && { scope }),
        attributes: { 'leak.type': 'interval', 'leak.source': source },
      },
    );
  }
}

/** Looks for forever ticking tickers at every sample of the registry, until the returned function is called. */
export function watchForeverTicking(): () => void {
  const stop = onSample(reportForeverTicking);
  return () => {
    stop();
    told.clear();
  };
}
