// Which versions of Node are promised, and that npm warns of none of them: not in a clone, and not where the package is installed.
import assert from 'node:assert/strict'
import { minVersion, Range, satisfies } from 'semver'
import { readProjectFiles } from './project-files.ts'

interface LockedPackage {
  readonly version?: string
  readonly engines?: { readonly node?: string }
}

type Packages = Readonly<Record<string, LockedPackage>>

interface Manifest {
  readonly engines: { readonly node: string }
  readonly dependencies: Readonly<Record<string, string>>
  readonly overrides?: unknown
}

/** Packages that want another Node than one of these. */
function checkEngines(packages: Packages, versions: readonly string[]): readonly string[] {
  return Object.entries(packages).flatMap(([path, { version = '', engines }]) => {
    const wanted = engines?.node ?? '*'
    const refused = versions.filter((node) => !satisfies(node, wanted))
    return refused.map((node) => `${path} ${version} wants ${wanted}, not ${node}`)
  })
}

/** The lowest version of each alternative of a range. */
function lowestVersions(range: string): readonly string[] {
  return new Range(range).set.map((all) => {
    const words = all.map(({ value }) => value).join(' ')
    return minVersion(words)?.version ?? words
  })
}

describe('the versions of Node that are promised', () => {
  const files = readProjectFiles()
  const textOf = (path: string) => {
    const file = files.find((one) => one.path === path)
    assert.ok(file !== undefined, path)
    return file.text
  }
  const manifest = JSON.parse(textOf('package.json')) as Manifest
  const lowest = lowestVersions(manifest.engines.node)

  it('are those that the pages name and that the workflow runs', () => {
    assert.deepEqual(lowest, ['20.19.0', '22.13.0', '24.0.0'])
    const words = lowest.map((version) => version.replace(/(\.0)+$/, ''))
    const sentence = `Node ${words.slice(0, -1).join(', ')}, ${words.at(-1) ?? ''} or newer`
    for (const page of ['README.md', 'CONTRIBUTING.md']) {
      assert.ok(textOf(page).includes(sentence), `${page} does not say: ${sentence}`)
    }
    const majors = lowest.map((version) => version.split('.')[0]).join(', ')
    assert.ok(textOf('.github/workflows/ci.yml').includes(`node: [${majors}]`))
  })

  it('are good enough for every package of the lock file', () => {
    const { packages } = JSON.parse(textOf('package-lock.json')) as { readonly packages: Packages }
    assert.ok(Object.keys(packages).length > 300)
    assert.deepEqual(checkEngines(packages, lowest), [])
  })

  it('are held by what the package depends on: an override does not reach whoever installs it', () => {
    assert.equal(manifest.overrides, undefined)
    // The next ones bring p-retry 8 and cookie 2, which want Node 22.
    assert.equal(manifest.dependencies.libp2p, '3.2.0')
    assert.equal(manifest.dependencies['light-my-request'], '~6.6.0')
  })

  it('are the reason why these are refused', () => {
    const packages = {
      'node_modules/a': { version: '1.0.0', engines: { node: '>=22' } },
      'node_modules/b': { version: '2.0.0', engines: { node: '^20.19.0 || >=22.13' } },
      'node_modules/c': { version: '3.0.0', engines: { node: '>=20.20' } },
      'node_modules/d': { version: '4.0.0' }
    }
    assert.deepEqual(checkEngines(packages, ['20.19.0', '22.12.0']), [
      'node_modules/a 1.0.0 wants >=22, not 20.19.0',
      'node_modules/b 2.0.0 wants ^20.19.0 || >=22.13, not 22.12.0',
      'node_modules/c 3.0.0 wants >=20.20, not 20.19.0'
    ])
  })
})
