import { expect, test } from 'bun:test'
import { chooseAgent } from '../../src/agent/choice.ts'

test.each([
  ['fix the test plan', 'build'],
  ['Plan the refactoring of the parser', 'plan'],
  ['Please analyse why it fails. Then fix it.', 'build'],
  ['Please analyse why it fails.', 'plan'],
  ['Could you explain how this works?', 'plan'],
  ['Why does it fail?', 'build'],
  ['Make a plan for the parser', 'plan'],
  ['make a plan class', 'build'],
  ['Think about it, then implement it', 'build'],
  ['Design an API and write it down.', 'build'],
  ['the plan is bad', 'build'],
  ['Review the diff; do not change anything.', 'plan'],
  ['- fix a\n- plan b', 'build'],
  ["Let's plan the next release", 'plan'],
  ['```\nplan\n```', 'build'],
  ['', 'build'],
  ['Die Planung bitte', 'build'],
] as const)('%j: %s', (text, agent) => {
  expect(chooseAgent(text).agent).toBe(agent)
})
