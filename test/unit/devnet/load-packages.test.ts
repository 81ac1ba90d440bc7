// The packages that the devnet needs and the node does without: how they are declared, and what is said without them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import {
  assertLoadPackages,
  LOAD_PACKAGES,
  MissingPackagesError
} from '../../../devnet/load/load-packages.ts'
import { type Manifest } from '../../support/installed-package.ts'
import { blockCommands } from '../../support/page-commands.ts'
import { projectPath } from '../../support/project-root.ts'

describe("the load's packages", () => {
  const manifest = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as Manifest

  it('are optional peers, and installed in a clone', () => {
    const names = Object.keys(LOAD_PACKAGES)
    assert.deepEqual(Object.keys(manifest.peerDependencies).toSorted(), names.toSorted())
    for (const name of names) {
      assert.equal(manifest.dependencies[name], undefined, name)
      assert.equal(manifest.peerDependenciesMeta[name]?.optional, true, name)
      assert.equal(manifest.devDependencies[name], manifest.peerDependencies[name], name)
    }
    assertLoadPackages()
  })

  it('are installed by the line that README.md tells to type', () => {
    const specs = Object.entries(manifest.peerDependencies).map(
      ([name, range]) => `"${name}@${range}"`
    )
    const commands = blockCommands(readFileSync(projectPath('README.md'), 'utf8'), '## The devnet')
    assert.ok(commands.includes(`npm install ${specs.join(' ')}`), commands.join('; '))
  })

  it('are named when they are missing, with the command that installs them', () => {
    const none = (specifier: string) => {
      throw new Error(`Cannot find module '${specifier}'`)
    }
    assert.throws(
      () => {
        assertLoadPackages(none)
      },
      (thrown: unknown) => {
        assert.ok(thrown instanceof MissingPackagesError)
        const { message } = thrown
        const spec = `"viem@${manifest.peerDependencies.viem!}"`
        assert.ok(message.endsWith(`npm install ${spec}`), message)
        return true
      }
    )
  })
})
