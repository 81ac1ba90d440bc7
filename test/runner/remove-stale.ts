// The last step of `npm run build`: removes from dist/ what was compiled from a source that is gone.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, sep } from 'node:path'
import { projectPath } from '../support/project-root.ts'
import { staleOutputs } from './stale-outputs.ts'

const { include: folders } = JSON.parse(readFileSync(projectPath('tsconfig.json'), 'utf8')) as {
  readonly include: readonly string[]
}

for (const path of staleOutputs(listFiles('dist'), listFiles('.'))) {
  rmSync(projectPath('dist', path))
}

/** Paths below the root, of the folders that are compiled. */
function listFiles(root: string): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(projectPath(root, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
      join(folder, path).split(sep).join('/')
    )
  )
}
