// Checked by plain tsc: labels are known from the definition, and a missing or unknown one does not compile.
import fastify from 'fastify';
import { counter, gauge, histogram, logger } from '../../src/public/index.ts';

const placed = counter('types_placed_total', { help: 'Orders', labels: ['plan', 'region'] });
placed.inc({ plan: 'pro', region: 'eu' });
placed.inc({ plan: 'pro', region: 1 }, 2);
placed.labels({ plan: 'pro', region: true }).inc();
// @ts-expect-error a label is missing
placed.inc({ plan: 'pro' });
// @ts-expect-error a label is not known
placed.inc({ plan: 'pro', region: 'eu', colour: 'red' });
// @ts-expect-error a label's value is no text, number or boolean
placed.inc({ plan: {}, region: 'eu' });
// @ts-expect-error labels are needed
placed.inc();
// @ts-expect-error a counter is not set
placed.set({ plan: 'pro', region: 'eu' }, 1);

const hits = counter('types_hits_total', { help: 'Hits' });
hits.inc();
hits.inc(3);
// @ts-expect-error there are no labels
hits.inc({ plan: 'pro' });
// @ts-expect-error there are no labels to bind
hits.labels({});
// @ts-expect-error help is needed
counter('types_no_help_total', { labels: ['a'] });

const depth = gauge('types_depth', { help: 'Depth', labels: ['queue'] });
depth.set({ queue: 'mail' }, 3);
depth.labels({ queue: 'mail' }).dec();
// @ts-expect-error the value is missing
depth.set({ queue: 'mail' });
// @ts-expect-error a label is misspelt
depth.set({ qeue: 'mail' }, 3);

const size = histogram('types_size_bytes', { help: 'Size', labels: ['route'], buckets: [1, 10] });
size.observe({ route: '/' }, 7);
size.labels({ route: '/' }).observe(7);
// @ts-expect-error the labels are missing
size.observe(7);

// Names from elsewhere are labels too, where their type is kept.
const names = ['a', 'b'] as const;
counter('types_names_total', { help: 'N', labels: names }).inc({ a: 1, b: 2 });
// @ts-expect-error b is missing
counter('types_names_total', { help: 'N', labels: names }).inc({ a: 1 });

const log = logger('types');
log.info('text %s', 'x');
log.info({ order: 1 }, 'text %d', 1);
log.error(new Error('no'));
log.child({ a: 1 }).debug({ b: 2 });
// @ts-expect-error a number is no message
log.info(42);
// @ts-expect-error there is no such level
log.level = 'verbose';

// A framework takes it for pino's.
fastify({ loggerInstance: log });
