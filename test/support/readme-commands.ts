// The commands that README.md tells an operator to type, read from it, so that tests type the same.
import { readFile } from 'node:fs/promises'
import { projectPath } from './project-root.ts'

/** The commands in the fenced blocks below a heading, up to the next one; continued lines are joined. */
export async function readmeCommands(heading: string): Promise<readonly string[]> {
  const text = await readFile(projectPath('README.md'), 'utf8')
  const [, section] = text.split(`\n${heading}\n`)
  if (section === undefined) throw new Error(`README.md has no heading ${heading}`)
  const [body = ''] = section.split(/\n#{2,3} /)
  const blocks = [...body.matchAll(/```\n(.*?)```/gs)].map(([, block = '']) => block)
  return blocks.flatMap((block) =>
    block
      .replace(/\s*\\\n\s*/g, ' ')
      .split('\n')
      .filter((line) => line !== '')
  )
}

/** The arguments of a command of the README after `npx rekindle`, its `<…>` filled in, as a shell would hand them over. */
export function rekindleArguments(
  command: string | undefined,
  values: Readonly<Record<string, string>>
): readonly string[] {
  const prefix = 'npx rekindle '
  if (command?.startsWith(prefix) !== true) throw new Error(`no command of ours: ${command ?? ''}`)
  const words = fillIn(command.slice(prefix.length), values).split(/\s+/)
  return words.map((word) => word.replace(/^"(.*)"$/, '$1'))
}

/** Replaces each placeholder and each address by the test's own. Throws for a placeholder without a value. */
export function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  const filled = Object.entries(values).reduce((all, [from, to]) => all.replaceAll(from, to), text)
  const left = /<[^>]*>/.exec(filled)
  if (left !== null) throw new Error(`README.md asks for ${left[0]}`)
  return filled
}
