import { expect, test } from 'bun:test'
// @ts-expect-error: plain JavaScript, as Node runs it
import { countsIn, slowestIn } from '../../scripts/junit.mjs'

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="3" assertions="4" failures="1" skipped="1" time="2.5">
  <testsuite name="tests/a.test.ts" file="tests/a.test.ts" tests="3" assertions="4" failures="1" skipped="1" time="2.5">
    <testcase name="a &lt;b&gt; &amp; &quot;c&quot;" classname="x" time="0.25" file="tests/a.test.ts" line="3" assertions="1" />
    <testcase name="slow" classname="x" time="1.5" file="tests/a.test.ts" line="9" assertions="3">
      <failure type="AssertionError" />
    </testcase>
    <testcase name="left out" classname="x" time="0" file="tests/a.test.ts" line="12" assertions="0">
      <skipped />
    </testcase>
  </testsuite>
</testsuites>`

test('counts, and the slowest in their order', () => {
  expect(countsIn(REPORT)).toEqual({ tests: 3, failures: 1, skipped: 1 })
  expect(slowestIn(REPORT, 2)).toEqual([
    { seconds: 1.5, name: 'tests/a.test.ts: slow' },
    { seconds: 0.25, name: 'tests/a.test.ts: a <b> & "c"' },
  ])
})

test('no report is nothing', () => {
  expect(countsIn('')).toEqual({ tests: 0, failures: 0, skipped: 0 })
  expect(slowestIn('', 20)).toEqual([])
})
