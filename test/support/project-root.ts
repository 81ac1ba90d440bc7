// Where the project lies, from its sources and from dist/ alike.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The nearest directory above this file that holds package.json. */
export const projectRoot: string = findProjectRoot(dirname(fileURLToPath(import.meta.url)))

/** An absolute path of something in the project. */
export function projectPath(...parts: readonly string[]): string {
  return join(projectRoot, ...parts)
}

function findProjectRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory
  const parent = dirname(directory)
  if (parent === directory) throw new Error('no package.json above the tests')
  return findProjectRoot(parent)
}
