#!/usr/bin/env node
// Runs the checks of this repository one after the other: `node scripts/check.mjs ok|test|ci [step ...]`.
// `ok` is what a developer runs before a commit; `test` is everything that needs no more than Node and npm; `ci` is that
// and the real servers of the stack, where Go can build them.
// The last line is `N passed, N failed`: each test counts one, and so does each other step.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run, tool } from './run.mjs';
import { steps } from './steps.mjs';

const root = join(import.meta.dirname, '..');
const [plan = 'ok', ...only] = process.argv.slice(2);
const chosen = steps(plan).filter((step) => only.length === 0 || only.includes(step.name));
if (chosen.length === 0) {
  console.error(`Cannot run "${[plan, ...only].join(' ')}": no such step, expected ok, test or ci and names of steps`);
  process.exit(2);
}

const total = { passed: 0, failed: 0 };
const failures = [];
const began = performance.now();

for (const step of chosen) {
  const from = performance.now();
  const outcome = step.suites ? await runSuites(step.suites) : step.tests ? await runTests(step.tests) : await runCommands(step.commands);
  total.passed += outcome.passed;
  total.failed += outcome.failed;
  if (outcome.failed > 0) failures.push(step.name);
  const counts = step.suites || step.tests ? ` ${outcome.passed} passed, ${outcome.failed} failed,` : '';
  console.log(`${outcome.failed > 0 ? '✗' : '✓'} ${step.name}:${counts} ${((performance.now() - from) / 1_000).toFixed(1)}s`);
  // What follows a failed build would only repeat its errors.
  if (outcome.failed > 0 && step.name === 'build') break;
}

console.log(
  `\n${((performance.now() - began) / 1_000).toFixed(0)}s on Node ${process.versions.node}${failures.length > 0 ? `; failed: ${failures.join(', ')}` : ''}`,
);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;

/** A quiet step: what it printed is shown only where it failed. */
async function runCommands(commands) {
  for (const [command, ...args] of commands) {
    const result = await run(tool(command), args, { cwd: root, quiet: true });
    if (result.code !== 0) {
      console.log(`\n$ ${command} ${args.join(' ')}\n${result.output.trim()}\n`);
      return { passed: 0, failed: 1 };
    }
  }
  return { passed: 1, failed: 0 };
}

/** Suites of vitest: progress is shown, and a suite in which no test ran is a failure. */
async function runSuites(suites) {
  const { seen, ...counts } = await runReported([tool('vitest'), 'run', ...suites.flatMap((name) => ['--project', name])]);
  for (const name of suites.filter((name) => !seen.has(name))) {
    console.log(`no test ran in test/${name}`);
    counts.failed++;
  }
  return counts;
}

/** A program that runs vitest itself, or says why it leaves all of it out and ends well. */
async function runTests(command) {
  return runReported(command, { mayLeaveOut: true });
}

/** Runs what takes vitest's options, and counts by its report. */
async function runReported([command, ...args], { mayLeaveOut = false } = {}) {
  const folder = join(root, '.cache');
  const report = join(folder, `vitest-${process.pid}.json`);
  mkdirSync(folder, { recursive: true });
  const { code } = await run(command, [...args, '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`], { cwd: root, quiet: false });
  const counts = { passed: 0, failed: 0, seen: new Set() };
  try {
    if (mayLeaveOut && code === 0 && !existsSync(report)) return counts;
    const result = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed = result.numPassedTests;
    counts.failed = result.numFailedTests;
    // A file that cannot be loaded has no tests to count, and a test that is left out is not a passed one.
    for (const file of result.testResults) {
      if (file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')) counts.failed++;
      if (file.assertionResults.length > 0) counts.seen.add(relative(join(root, 'test'), file.name).split(/[\\/]/)[0]);
    }
  } catch (error) {
    console.log(`vitest left no report: ${error.message}`);
  } finally {
    rmSync(report, { force: true });
  }
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}
