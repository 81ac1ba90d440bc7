// The commands that pages tell to type, read from them, so that tests type the same; and which of them no test types.

/** Pages whose commands are run, or listed in `unrun-commands.ts`; no other page has a block of commands. */
export const COMMAND_PAGES: readonly string[] = [
  'CONTRIBUTING.md',
  'README.md',
  'devnet/README.md',
  'protocols/conformance/README.md',
  'test/README.md'
]

const FENCE = /^```(\w*)\n(.*?)^```/gms
/** A block in another language holds no commands, and one with lines of a drawing neither. */
const SHELLS = new Set(['', 'bash', 'console', 'sh', 'shell'])
const DRAWING = /[\u2190-\u21ff\u2500-\u25ff]/
/** What a command in running text begins with; of a name alone nobody knows whether it is to be typed. */
const PROGRAM =
  /^(?:(?:npx|npm|node|rekindle|rekindle-conformance|rekindle-devnet|openssl|curl|git|docker) \S|\.ci\/run$)/

/** Each command once, as it is printed: lines of blocks, continued ones joined and without their comments, and code in running text. */
export function findCommands(page: string): readonly string[] {
  const inText = [...page.replace(FENCE, '').matchAll(/`([^`]+)`/g)]
    .map(([, code = '']) => code.replace(/\s+/g, ' '))
    .filter((code) => PROGRAM.test(code))
  return [...new Set([...blockCommands(page), ...inText])]
}

/** The commands of the blocks alone; below one heading, up to the next one, where that is named. Throws where it is not there. */
export function blockCommands(page: string, heading?: string): readonly string[] {
  const blocks = [...sectionOf(page, heading).matchAll(FENCE)]
    .filter(([, language = '', body = '']) => SHELLS.has(language) && !DRAWING.test(body))
    .map(([, , body = '']) => body)
  return blocks.flatMap((body) =>
    body
      .replace(/\s*\\\n\s*/g, ' ')
      .split('\n')
      .map((line) => line.replace(/\s{2,}#.*$/, ''))
      .filter((line) => line !== '')
  )
}

function sectionOf(page: string, heading: string | undefined): string {
  if (heading === undefined) return page
  const [, section] = page.split(`\n${heading}\n`)
  if (section === undefined) throw new Error(`the page has no heading ${heading}`)
  return section.split(/\n#{2,3} /)[0] ?? ''
}

/** What is wrong with a list of exceptions, by the commands that pages print and those that were run. */
export function coverageProblems(
  printed: readonly string[],
  ran: ReadonlySet<string>,
  exceptions: Readonly<Record<string, string>>
): readonly string[] {
  const listed = Object.keys(exceptions)
  return [
    ...printed
      .filter((command) => !ran.has(command) && !listed.includes(command))
      .map((command) => `neither run nor listed: ${command}`),
    ...listed
      .filter((command) => !printed.includes(command))
      .map((command) => `listed, and on no page: ${command}`),
    ...listed.filter((command) => ran.has(command)).map((command) => `listed, and run: ${command}`),
    ...[...ran]
      .filter((command) => !printed.includes(command))
      .map((command) => `run, and on no page: ${command}`)
  ]
}

/** Replaces each placeholder and each address by the test's own. Throws for a placeholder without a value. */
export function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  const filled = Object.entries(values).reduce((all, [from, to]) => all.replaceAll(from, to), text)
  const left = /<[^>]*>/.exec(filled)
  if (left !== null) throw new Error(`the page asks for ${left[0]}`)
  return filled
}
