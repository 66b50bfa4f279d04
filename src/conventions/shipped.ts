/** The commands that are prompts of ours. Bodies are read like those of Markdown commands. */
export type Shipped = { name: string; description: string; argument_hint?: string; body: string }

export const SHIPPED: readonly Shipped[] = [
  {
    name: 'review',
    description: 'Review changes: those not committed yet, or of a branch, commit or path',
    argument_hint: '[branch, commit or path]',
    body: `Review a change of this project. What to review: $ARGUMENTS

If nothing is named, review what is not committed (git_status, git_diff; staged changes too), or else the last commit. Read enough of the code around a change to judge it. Change nothing.

Report what is wrong, the gravest first: for each finding the file and line, what happens, when, and how to correct it. Look for faults in logic, edge cases, errors that are lost, security, races, and tests that are missing. Leave out matters of taste. If there is nothing to find, say so in one sentence.`,
  },
  {
    name: 'init',
    description: 'Write an AGENTS.md for this project',
    argument_hint: '[what to consider]',
    body: `Write AGENTS.md at the root of this project: what an agent that is new here must know and cannot see at a glance. $ARGUMENTS

Look first: the README, the files that build, test and configure the project, its directories, and instructions that exist (CLAUDE.md, GEMINI.md, .cursorrules, .github/copilot-instructions.md). If there is an AGENTS.md, improve it and keep what is right.

It should say, in at most 60 lines: how to build, test (also one test alone) and check; how the code is laid out, with the few files that matter most; conventions that the code follows; what to beware of. Only what you have seen: nothing general, nothing made up.`,
  },
  {
    name: 'commit',
    description: 'Commit the changes with a message that fits',
    argument_hint: '[what to commit, or why]',
    body: `Commit the changes of this project. $ARGUMENTS

Look with git_status and git_diff, and at the last subjects with git_log: the message follows their form. Commit what belongs together; leave out what does not, and files that look generated or secret, and say so. The subject says what the commit does, in at most 72 characters; a body only if the reason is not plain. Use git_commit. Do not push.`,
  },
]
