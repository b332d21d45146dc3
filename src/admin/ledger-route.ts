import { formatMs } from '../core/duration.ts';
import { DROP_REASONS, type LedgerReport, SIGNALS } from '../core/records.ts';
import { htmlAnswer, json } from './answer.ts';
import { type Html, html, page, table } from './html.ts';
import { type Route, wantsJson } from './route.ts';

/** `/debug/ledger`: where every record went. */
export const ledgerRoute: Route = {
  path: '/debug/ledger',
  methods: ['GET', 'HEAD'],
  isPage: true,
  answer(context) {
    const report = context.deps.ledger();
    if (wantsJson(context)) return json(200, context.query.has('overhead') ? report : signalsOf(report));
    return htmlAnswer(200, page('Ledger', context.up, showLedger(report)));
  },
};

/** The signals alone: whoever sums up the document meets nothing else. What the SDK itself used is told with `?overhead`. */
function signalsOf(report: LedgerReport): Record<string, unknown> {
  return Object.fromEntries(SIGNALS.map((signal) => [signal, report[signal]]));
}

export function showLedger(report: LedgerReport): Html {
  const rows = SIGNALS.map((signal) => {
    const one = report[signal];
    const dropped = DROP_REASONS.filter((reason) => one.dropped[reason] > 0).map((reason) => `${reason} ${one.dropped[reason]}`);
    return [signal, one.produced, one.stored, one.sent, one.spooled, one.pending, dropped.join(', ') || '0'];
  });
  return html`${table(['signal', 'produced', 'stored', 'sent', 'spooled', 'pending', 'dropped'], rows)}<p class="muted">produced = stored + sent + spooled + pending + dropped${overhead(report)}</p>`;
}

function overhead({ overhead: used }: LedgerReport): string {
  return used ? `; carrying them took about ${formatMs(used.appSeconds * 1_000)} on the app thread, ${formatMs(used.workerSeconds * 1_000)} in the worker` : '';
}
