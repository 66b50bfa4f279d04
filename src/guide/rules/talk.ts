import { meant } from '../quotes.ts'
import { literally, mean, type Rule } from '../rule.ts'

export const TALK: Rule[] = [
  ...mean(
    [
      'help',
      'what can you/i do (here)',
      'who/what are you',
      'how does this work',
      'how do i use a real model',
      'how do i configure/add/use a model',
    ],
    { do: 'help' },
  ),
  ...mean(
    [
      '(give/show me) (a/the) (short/quick/little) tour (of/through/around PLACE)',
      "what/what's (is) this/the/my project/repo/repository/codebase/code/app (about/for)",
      'what does this/the/my project/repo/repository/codebase/code/app do',
      'explain/describe/introduce/summarize/summarise (me) this/the/my project/repo/repository/codebase/code/app',
      'tell me about this/the/my project/repo/repository/codebase/code/app',
      '(give me) (an/the) overview (of PLACE)',
      'look around',
      'show me around',
    ],
    { do: 'tour' },
  ),
  // Before files: one can "create a plan".
  ...literally(
    [
      'make/write/draft/create/suggest/prepare/give (me) a/the plan for/to/of/on TEXT',
      'plan (for/to/how/out) (to) TEXT',
    ],
    ({ TEXT }, { hidden }) => ({ do: 'plan', goal: meant(TEXT!, hidden).replace(/[.?!]+$/, '') }),
  ),
  ...mean(['(make/write/draft/create/suggest/prepare/give) (me) (a/the) plan'], {
    do: 'ask',
    question: 'A plan for what? Say for example `make a plan for a dark mode`.',
  }),
]
