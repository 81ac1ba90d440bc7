// The files of the project as the guards see them: a path from the root, and the text.
import { readdirSync, readFileSync } from 'node:fs'
import { extname, posix } from 'node:path'
import { projectPath } from '../support/project-root.ts'

/** A file: its path from the project's root, with slashes, and its text. */
export interface ProjectFile {
  readonly path: string
  readonly text: string
}

/** What a guard found: where, and what is wrong there. */
export interface Problem {
  readonly path: string
  readonly problem: string
}

/** What is installed or made, never written; `.git` is a file where the checkout is a second one. */
const FOREIGN_NAMES = new Set(['.git', 'node_modules', 'dist', 'coverage', '.devnet'])

const TEXT_EXTENSIONS = new Set([
  '',
  '.css',
  '.html',
  '.js',
  '.json',
  '.md',
  '.service',
  '.sh',
  '.sol',
  '.svg',
  '.ts',
  '.txt',
  '.yaml',
  '.yml'
])

/** Every text file of the project. */
export function readProjectFiles(): readonly ProjectFile[] {
  return listFiles('')
    .filter((path) => TEXT_EXTENSIONS.has(extname(path)))
    .map((path) => ({ path, text: readFileSync(projectPath(path), 'utf8') }))
}

/** Those below one of the folders whose name ends as given. */
export function filesUnder(
  files: readonly ProjectFile[],
  folders: readonly string[],
  ending = '.ts'
): readonly ProjectFile[] {
  return files.filter(
    ({ path }) => path.endsWith(ending) && folders.some((folder) => path.startsWith(`${folder}/`))
  )
}

/** One line for each problem, sorted; what a test compares with nothing. */
export function problemLines(problems: readonly Problem[]): readonly string[] {
  return problems.map(({ path, problem }) => `${path}: ${problem}`).sort()
}

function listFiles(folder: string): readonly string[] {
  return readdirSync(projectPath(folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    if (FOREIGN_NAMES.has(entry.name)) return []
    if (entry.isDirectory()) return listFiles(path)
    return entry.isFile() ? [path] : []
  })
}
