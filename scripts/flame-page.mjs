#!/usr/bin/env node
// Makes the script of the flame graph's page, which is committed, so that neither users nor tests need its libraries:
// `node scripts/flame-page.mjs`; with `--check` it only says whether the committed one is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

const root = join(import.meta.dirname, '..');
const target = join(root, 'src', 'cli', 'pprof', 'flame-page.min.js');
const NOTICE = `/*! d3-flame-graph (c) Martin Spier, Apache-2.0; d3-array, d3-color, d3-dispatch, d3-ease, d3-format, d3-hierarchy, d3-interpolate,
d3-scale, d3-selection, d3-time, d3-time-format, d3-timer, d3-transition and internmap (c) Mike Bostock, ISC; d3-ease also (c) Robert Penner, BSD-3-Clause */`;

const [{ output }] = await build({
  configFile: false,
  root,
  logLevel: 'error',
  build: {
    write: false,
    minify: true,
    target: 'es2022',
    lib: { entry: join(root, 'scripts', 'flame-page.browser.mjs'), formats: ['iife'], name: 'sondeFlame', fileName: 'flame-page' },
  },
});
const text = `${NOTICE}\n${output[0].code.trim().replaceAll('</script', '<\\/script')}\n`;

if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (readFileSync(target, 'utf8') !== text) {
  console.error(`${target} is not what its sources make: run "node scripts/flame-page.mjs"`);
  process.exitCode = 1;
}
