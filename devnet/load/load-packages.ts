// Packages that the load needs beside the node's: optional peers in package.json, so that the node installs without them.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { projectFile } from './project-file.ts'

/** Each package, and something of it that the load imports. */
export const LOAD_PACKAGES: Readonly<Record<string, string>> = {
  viem: 'viem'
}

/** Thrown when packages of the load are not installed; its message names them, and the command that installs them. */
export class MissingPackagesError extends Error {}

const { resolve: resolveFromHere } = createRequire(import.meta.url)

/** Throws MissingPackagesError. `resolve` finds the file of an import, and throws where there is none. */
export function assertLoadPackages(resolve: (specifier: string) => string = resolveFromHere): void {
  const missing = Object.entries(LOAD_PACKAGES)
    .filter(([, specifier]) => !isFound(specifier, resolve))
    .map(([name]) => name)
  if (missing.length === 0) return
  const ranges = readPeerRanges()
  const wanted = missing.map((name) => `"${name}@${ranges[name] ?? '*'}"`)
  throw new MissingPackagesError(
    `the devnet's transfers need packages that the node does without: ${missing.join(', ')}. ` +
      `Install them beside it (with -g where it is global): npm install ${wanted.join(' ')}`
  )
}

function isFound(specifier: string, resolve: (specifier: string) => string): boolean {
  try {
    resolve(specifier)
    return true
  } catch {
    return false // not there, or a version without that file
  }
}

function readPeerRanges(): Readonly<Record<string, string>> {
  const { peerDependencies } = JSON.parse(readFileSync(projectFile('package.json'), 'utf8')) as {
    readonly peerDependencies: Readonly<Record<string, string>>
  }
  return peerDependencies
}
