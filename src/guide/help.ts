/** The first lines of `HELP`: an answer that has them need not be repeated in full. */
export const INTRODUCTION =
  "I'm **offline/guide**, the small guide that comes with emacs-agent. I'm not a language model: I understand a few plain sentences and turn them into real tool calls in your project."

const REAL_MODEL = `For a real model, do one of these, then start a new session:

- set \`ANTHROPIC_API_KEY\`, \`OPENAI_API_KEY\` or \`GEMINI_API_KEY\` in the environment
- put a key, or a command that prints it, into \`~/.config/emacs-agent/emacs-agent.toml\`:

  \`\`\`toml
  [providers.anthropic]
  api_key_command = ["pass", "show", "anthropic"]
  \`\`\`

- start Ollama, llama.cpp or LM Studio on this machine: its models are found without any setting

\`emacs-agent-backend doctor\` shows what is configured, where, and what answers.`

const SENTENCES = `Try one of these:

- \`give me a tour\`
- \`list files in src\` · \`read README.md\` · \`find files matching *.md\`
- \`search for TODO in src\`
- \`create notes.md with "Hello"\` · \`append "Bye" to notes.md\`
- \`replace "Hello" with "Good day" in notes.md\` · \`delete notes.md\`
- \`run ls -la\` · \`run the tests\`
- \`git status\` · \`git diff\` · \`git log\` · \`commit with message "Add notes"\`
- \`make a plan for a dark mode\`

Join steps with "then". What changes something is shown to you first, and done when you approve it.`

export const HELP = `${INTRODUCTION}\n\n${SENTENCES}\n\n${REAL_MODEL}`
export const GREETING = `Hello! ${HELP}`
export const NOT_UNDERSTOOD = `I didn't understand that. ${HELP}`
export const NOT_UNDERSTOOD_AGAIN =
  "I didn't understand that either: I'm only the offline guide, and know a few plain sentences. Say `help` to see them again, and how to set up a real model."

export const NO_TOOLS =
  "I'm **offline/guide**: I'm not a language model, and all I can do is turn plain sentences into tool calls. This agent has no tools, so there is nothing I can do here. The agent `build` has them all."

export const SIGNED = 'This was **offline/guide**, not a language model. Say `help` for what else I understand.'
