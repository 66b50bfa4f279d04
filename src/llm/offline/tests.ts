/** How projects of each kind run their tests, by a file at their top. The first that is there decides. */
const COMMANDS: [RegExp, string][] = [
  [/\bpackage\.json\b/, 'npm test'],
  [/\bCargo\.toml\b/, 'cargo test'],
  [/\bgo\.mod\b/, 'go test ./...'],
  [/\b(?:pyproject\.toml|pytest\.ini|tox\.ini|setup\.py)\b/, 'pytest'],
  [/\bmix\.exs\b/, 'mix test'],
  [/\bGemfile\b/, 'bundle exec rake test'],
  [/\b(?:pom\.xml)\b/, 'mvn test'],
  [/\bbuild\.gradle\b/, 'gradle test'],
  [/\b(?:GNUm|M|m)akefile\b/, 'make test'],
]

/** The command for the project with this directory listing, undefined when none is known. */
export const testCommand = (listing: string): string | undefined => COMMANDS.find(([file]) => file.test(listing))?.[1]
