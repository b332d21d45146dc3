/**
 * Services of other shapes than those the growth rules were found on (simulated-services.ts). They were written down before the rules had
 * seen one of them; what the first run said of them is in ARCHITECTURE.md.
 */
import { type Service, STEP_MS, type World } from './simulated-services.ts';

const MINUTE = 60_000;
const every = (w: World, minutes: number): boolean => Math.floor(w.minutes / minutes) !== Math.floor((w.nowMs - STEP_MS) / MINUTE / minutes);
/** 0 on two days of seven. */
const weekday = (w: World): number => (Math.floor(w.hours / 24) % 7 < 5 ? 1 : 0.15);
const phase = (w: World, hours: number): number => (w.hours % hours) / hours;

export const HELD_OUT_LEAKING: readonly Service[] = [
  { name: 'one socket every five minutes for three days', leaks: true, hours: 72, step: (w) => every(w, 5) && w.open(1) },
  { name: 'one watcher every half hour', leaks: true, hours: 96, step: (w) => every(w, 30) && w.open(1) },
  { name: 'nothing for thirty hours, then two a minute', leaks: true, hours: 72, step: (w) => w.hours > 30 && w.open(w.events(2)) },
  {
    name: 'a listener with each call in office hours, five days a week',
    leaks: true,
    hours: 168,
    step: (w) => w.open(w.events(3 * w.daylight() * weekday(w))),
  },
  {
    name: 'fetches that nobody reads, half of them collected after two hours',
    leaks: true,
    step(w) {
      w.open(w.events(4));
      if (w.minutes > 120) w.closeNewest(w.events(2));
    },
  },
  { name: 'twenty left by a job at each full hour', leaks: true, hours: 72, step: (w) => every(w, 60) && w.open(20) },
  { name: 'two hundred left by an import each night', leaks: true, hours: 168, step: (w) => every(w, 1_440) && w.open(200) },
  {
    name: 'one a minute beside a pool that goes up and down like a saw',
    leaks: true,
    step(w) {
      const saw = Math.round(50 * phase(w, 2 / 3));
      w.resize(Math.floor(w.minutes) + saw);
    },
  },
  {
    name: 'a leak of which half is thrown away every twelve hours',
    leaks: true,
    hours: 72,
    step(w) {
      w.open(w.events(10));
      if (every(w, 720)) w.closeOldest(w.things.length / 2);
    },
  },
  { name: 'one request in three hundred, at three a minute, by day', leaks: true, hours: 120, step: (w) => w.open(w.events(0.3 * w.daylight())) },
  { name: 'a map of sessions that grows in bursts and never shrinks', leaks: true, size: (w) => Math.floor(w.hours * 40 + 15 * Math.floor(w.minutes / 10)) },
  { name: 'thirty timers left by each storm of retries, every three hours', leaks: true, hours: 72, step: (w) => every(w, 180) && w.open(30) },
  {
    name: 'a slow leak at the line of a busy pool',
    leaks: true,
    hours: 72,
    step(w) {
      if (every(w, 4)) w.things.unshift({ openedMs: w.nowMs, usedMs: w.nowMs }); // these are never closed: the pool closes its newest
      const leaked = Math.floor(w.minutes / 4);
      w.resize(leaked + 20 + 200 * w.daylight());
      for (let i = leaked; i < w.things.length; i++) (w.things[i] as { usedMs: number }).usedMs = w.nowMs;
    },
  },
  { name: 'a fast leak in the first hours after a deploy that nobody rolls back', leaks: true, hours: 12, step: (w) => w.open(w.events(60)) },
];

export const HELD_OUT_HEALTHY: readonly Service[] = [
  {
    name: 'idle connections of an hour, by day and week',
    leaks: false,
    hours: 168,
    step(w) {
      w.open(w.events(8 * w.daylight() * weekday(w)));
      w.closeOlderThan(60 * MINUTE);
    },
  },
  { name: 'a pool like a saw: one a minute, thrown away every hour', leaks: false, step: (w) => (every(w, 60) ? w.resize(0) : w.open(w.events(1))) },
  { name: 'files of a batch, closed together every three hours', leaks: false, step: (w) => (every(w, 180) ? w.resize(0) : w.open(w.events(1))) },
  { name: 'a warm-up of two hours, shard by shard', leaks: false, step: (w) => w.resize(Math.min(240, 2 * w.minutes)) },
  { name: 'a warm-up of five hours that slows down', leaks: false, step: (w) => w.resize(400 * (1 - Math.exp(-w.hours / 1.5))) },
  {
    name: 'a pool scaled by ten every half hour in the morning, and back at night',
    leaks: false,
    hours: 96,
    step: (w) => w.resize(w.hours % 24 < 6 ? 10 : w.hours % 24 < 11 ? 10 + 10 * Math.floor((w.hours % 24) - 6) * 2 : w.hours % 24 < 20 ? 110 : 10),
  },
  { name: 'log files, one more a day, at most fourteen', leaks: false, hours: 480, step: (w) => w.resize(Math.min(14, 1 + Math.floor(w.hours / 24))) },
  {
    name: 'web sockets that fill a hall over a day, with pings',
    leaks: false,
    step(w) {
      w.resize(800 * (1 - Math.exp(-w.hours / 6)));
      w.use(0.1);
    },
  },
  { name: 'web sockets without pings that level off in six hours', leaks: false, step: (w) => w.resize(500 * (1 - Math.exp(-w.hours / 2))) },
  { name: 'a cache whose entries live two hours', leaks: false, size: (w) => Math.floor(Math.min(w.minutes, 120) * 15 * (0.95 + 0.1 * w.random())) },
  {
    name: 'bursts that double each time and are let go of',
    leaks: false,
    step: (w) => w.resize(w.minutes % 60 < 12 ? Math.min(4_000, 2 ** Math.floor(w.hours / 2)) : 3),
  },
  { name: 'a job at each full hour: fifty for twenty minutes', leaks: false, step: (w) => w.resize(w.minutes % 60 < 20 ? 50 : 2) },
  { name: 'a job at each full hour: eighty for forty minutes', leaks: false, step: (w) => w.resize(w.minutes % 60 < 40 ? 80 : 2) },
  { name: 'everything closed and opened again by a fail-over every seven hours', leaks: false, step: (w) => (every(w, 420) ? w.resize(0) : w.resize(120)) },
  {
    name: 'a ring of the latest five hundred, filled in eight hours, whose bound is told',
    leaks: false,
    max: 500,
    size: (w) => Math.min(500, Math.floor(w.minutes)),
  },
  {
    name: 'answers that the collector of garbage closes every twenty-five minutes',
    leaks: false,
    step: (w) => (every(w, 25) ? w.resize(0) : w.open(w.events(6))),
  },
  {
    name: 'long polls of twenty-five minutes, by day',
    leaks: false,
    hours: 96,
    step(w) {
      w.open(w.events(12 * w.daylight()));
      w.closeOlderThan(25 * MINUTE);
    },
  },
  {
    name: 'a backup of five hours each night that opens a file a minute',
    leaks: false,
    hours: 96,
    step: (w) => (w.hours % 24 > 1 && w.hours % 24 < 6 ? w.open(w.events(1)) : w.resize(0)),
  },
  { name: 'a flag that flips: one connection or two', leaks: false, step: (w) => w.resize(Math.floor(w.hours) % 2 === 0 ? 1 : 2) },
  { name: 'two steps of fifteen in a day', leaks: false, hours: 72, step: (w) => w.resize(20 + 15 * Math.min(2, Math.floor(w.hours / 10))) },
  { name: 'a wave of three days', leaks: false, hours: 168, step: (w) => w.resize(100 + 60 * Math.sin((w.hours / 72) * 2 * Math.PI)) },
  {
    name: 'connections that are renewed after an hour',
    leaks: false,
    step(w) {
      w.closeOlderThan(60 * MINUTE * (0.9 + 0.2 * w.random()));
      if (w.things.length < 40) w.open(40 - w.things.length);
    },
  },
  { name: 'eight children for two hours, every six hours', leaks: false, step: (w) => w.resize(w.hours % 6 < 2 ? 8 : 0) },
  {
    name: 'sessions without pings that live two hours, by day',
    leaks: false,
    hours: 96,
    step(w) {
      w.open(w.events(5 * w.daylight()));
      w.closeOlderThan(120 * MINUTE);
    },
  },
  { name: 'a map that is compacted every hour', leaks: false, size: (w) => 200 + Math.floor(10 * (w.minutes % 60)) },
  { name: 'a queue whose length follows the day', leaks: false, hours: 96, size: (w) => Math.floor(1_000 * w.daylight() * (0.9 + 0.2 * w.random())) },
  { name: 'sessions in a map, by day and week', leaks: false, hours: 168, size: (w) => Math.floor(5_000 * w.daylight() * weekday(w)) },
  { name: 'a staircase up and down again within six hours', leaks: false, step: (w) => w.resize(10 + 12 * (3 - Math.abs(3 - Math.floor(w.hours % 6)))) },
];

/** Written down after the rules were mended for the two lists above, and before those had seen one of these. */
export const UNSEEN_LEAKING: readonly Service[] = [
  {
    name: 'three a minute, one in five closed by clients that start again',
    leaks: true,
    step(w) {
      w.open(w.events(3));
      if (w.random() < 0.3) w.closeOldest(1);
    },
  },
  {
    name: 'twice as many every four hours, from five',
    leaks: true,
    hours: 40,
    step: (w) => w.open(Math.max(0, Math.round(5 * 2 ** (w.hours / 4)) - w.things.length)),
  },
  {
    name: 'one every twenty minutes beside bursts at each full hour',
    leaks: true,
    hours: 72,
    step: (w) => w.resize(Math.floor(w.minutes / 20) + (w.minutes % 60 < 15 ? 60 : 0)),
  },
  { name: 'two a minute for two hours, then two hours of nothing', leaks: true, step: (w) => Math.floor(w.hours / 2) % 2 === 0 && w.open(w.events(2)) },
  {
    name: 'one in five minutes from the twentieth hour on, beside eighty that stay',
    leaks: true,
    hours: 96,
    step: (w) => w.resize(80 + (w.hours > 20 ? Math.floor((w.hours - 20) * 12) : 0)),
  },
  { name: 'a map of tokens, three a minute, for four days', leaks: true, hours: 96, size: (w) => Math.floor(3 * w.minutes) },
];

export const UNSEEN_HEALTHY: readonly Service[] = [
  {
    name: 'connections without pings that live four hours, in two shifts',
    leaks: false,
    hours: 96,
    step(w) {
      w.open(w.events(w.hours % 24 > 6 && w.hours % 24 < 22 ? 2 : 0.1));
      w.closeOlderThan(240 * MINUTE * (0.7 + 0.3 * w.random()));
    },
  },
  {
    name: 'connections without pings that live all day, from morning to evening',
    leaks: false,
    hours: 96,
    step(w) {
      const hour = w.hours % 24;
      if (hour > 7 && hour < 10) w.open(w.events(1));
      if (hour > 17) w.closeOldest(w.events(1.2));
    },
  },
  { name: 'a buffer of files that is emptied every five hours', leaks: false, hours: 72, step: (w) => (every(w, 300) ? w.resize(0) : w.open(w.events(2))) },
  { name: 'a warm-up of two thousand in forty minutes', leaks: false, step: (w) => w.resize(Math.min(2_000, 50 * w.minutes)) },
  { name: 'one step of a thousand', leaks: false, step: (w) => w.resize(w.hours < 5 ? 20 : 1_000) },
  { name: 'peaks at noon and in the evening', leaks: false, hours: 96, step: (w) => w.resize(20 + 200 * Math.max(0, Math.sin((w.hours / 6) * Math.PI))) },
  { name: 'a decay over a day', leaks: false, step: (w) => w.resize(500 * Math.exp(-w.hours / 10)) },
  { name: 'on and off by chance, some hours each', leaks: false, hours: 96, step: (w) => every(w, 60) && w.resize(w.random() < 0.5 ? 150 : 5) },
  {
    name: 'a report each week that needs three hours',
    leaks: false,
    hours: 340,
    step: (w) => (w.hours % 168 > 50 && w.hours % 168 < 53 ? w.open(w.events(2)) : w.resize(4)),
  },
  {
    name: 'a pool that is used all the time and grows for a day',
    leaks: false,
    step(w) {
      w.resize(10 + 4 * Math.min(24, w.hours));
      w.use(0.3);
    },
  },
  { name: 'a cache whose entries live six hours', leaks: false, size: (w) => Math.floor(Math.min(w.hours, 6) * 500) },
  { name: 'a cache that is cleared each night', leaks: false, hours: 96, size: (w) => Math.floor(300 * (w.hours % 24)) },
];
