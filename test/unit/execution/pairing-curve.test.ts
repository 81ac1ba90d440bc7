// Curves in WebAssembly: loaded with the first use; what they read as a compressed point.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { loadCurves, PointError } from '../../../src/execution/pairing-curve.ts'
import { projectPath } from '../../support/project-root.ts'

/** x of the generator of G1 after its first byte. */
const GENERATOR_REST =
  'f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb'

/** Runs a script in a process of its own; what it prints. */
function run(script: string): string {
  const args = ['--no-warnings', '--input-type=module', '--eval', script]
  return execFileSync(process.execPath, args, { encoding: 'utf8', stdio: 'pipe' })
}

function moduleAt(name: string): string {
  return JSON.stringify(projectPath('dist', 'src', 'execution', name))
}

describe('pairing-friendly curves', () => {
  it('are loaded with the first use, not by who imports the engine', () => {
    const printed = run(`
      import { createRequire } from 'node:module'
      await import(${JSON.stringify(projectPath('dist', 'src', 'net', 'promise-with-resolvers.js'))})
      await import(${moduleAt('embedded-engine.js')})
      const { loadCurves } = await import(${moduleAt('pairing-curve.js')})
      const { cache } = createRequire(${moduleAt('pairing-curve.js')})
      const isLoaded = () => Object.keys(cache).some((file) => file.includes('mcl-wasm'))
      const before = isLoaded()
      await loadCurves()
      process.stdout.write(JSON.stringify([before, isLoaded()]))`)
    assert.deepEqual(JSON.parse(printed), [false, true])
  })

  it('are loaded once', async () => {
    assert.equal(await loadCurves(), await loadCurves())
  })

  // The encodings of ZCash: bits for compressed, infinity and the greater y, before x.
  for (const [what, hex] of [
    ['that is not compressed', `17${GENERATOR_REST}`],
    ['that is infinity and something', `c0${'00'.repeat(46)}01`],
    ['that is infinity with a sign', `e0${'00'.repeat(47)}`],
    ['with an x above the field', `9a${'ff'.repeat(47)}`],
    ['with an x that no point has', `80${'00'.repeat(46)}01`],
    ['outside of the group', `80${'00'.repeat(46)}04`],
    ['of too few bytes', `97${GENERATOR_REST.slice(2)}`]
  ] as const) {
    it(`read no point ${what}`, async () => {
      const { bls12381 } = await loadCurves()
      assert.throws(() => bls12381.compressed('G1', hexToBytes(`0x${hex}`)), PointError)
    })
  }

  it('read the generator and infinity', async () => {
    const { bls12381 } = await loadCurves()
    const generator = bls12381.compressed('G1', hexToBytes(`0x97${GENERATOR_REST}`))
    const [x] = bls12381.coordinates('G1', generator)
    assert.equal(Buffer.from(x!).toString('hex'), `17${GENERATOR_REST}`)
    const infinity = bls12381.compressed('G1', hexToBytes(`0xc0${'00'.repeat(47)}`))
    assert.ok(bls12381.coordinates('G1', infinity).every((one) => one.every((byte) => byte === 0)))
  })
})
