// Licences of the packages that a bundle holds parts of: they ask to be passed on with it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectPath } from '../support/project-root.ts'

/** The part of a package.json that is read. */
interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
}

/** How a file with a licence is called. */
const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-]|$)/i

/** The folder of the package that a module is of, from the project's root; undefined for one of our own. */
export function bundledPackage(modulePath: string): string | undefined {
  return /^.*node_modules[/](?:@[^/]+[/])?[^/]+(?=[/])/.exec(modulePath)?.[0]
}

/** Name, version and licence texts of each package, in the order of the folders. Throws for one that names no licence. */
export function licenseText(folders: readonly string[]): string {
  const sections = folders.map((folder) => {
    const manifest = JSON.parse(
      readFileSync(projectPath(folder, 'package.json'), 'utf8')
    ) as Manifest
    const texts = readdirSync(projectPath(folder))
      .filter((file) => LICENSE_FILE.test(file))
      .sort()
      .map((file) => readFileSync(projectPath(join(folder, file)), 'utf8').trim())
    if (manifest.license === undefined && texts.length === 0) {
      throw new Error(`${manifest.name} names no licence, so that it cannot be in the bundle`)
    }
    const title = `${manifest.name} ${manifest.version}: ${manifest.license ?? 'see below'}`
    return [title, ...texts].join('\n\n')
  })
  return `Packages of which parts are in these files.\n\n${sections.join(`\n\n${'-'.repeat(72)}\n\n`)}\n`
}
