// keccak-256 against published answers and against viem.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { keccak256 as viemKeccak256 } from 'viem'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { keccak256, keccakImplementation } from '../../../src/base/keccak.ts'
import { projectPath } from '../../support/project-root.ts'

describe('keccak-256', () => {
  for (const [text, digest] of [
    ['', '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'],
    ['abc', '0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45'],
    [
      'The quick brown fox jumps over the lazy dog',
      '0x4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15'
    ]
  ] as const) {
    it(`of '${text}' is the published one`, () => {
      assert.equal(bytesToHex(keccak256(Buffer.from(text))), digest)
    })
  }

  it('agrees with another implementation, around the block size of 136 bytes too', () => {
    const inputs = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ minLength: 130, maxLength: 140 })
    )
    fc.assert(
      fc.property(inputs, (bytes) => {
        assert.equal(bytesToHex(keccak256(bytes)), viemKeccak256(bytes))
      })
    )
  })

  it('gives a digest that the next one does not overwrite', () => {
    const first = keccak256(Uint8Array.of(1))
    const copy = Uint8Array.from(first)
    keccak256(Uint8Array.of(2))
    assert.deepEqual(first, copy)
  })

  it('runs in WebAssembly, and says what it runs on without: the same digests', () => {
    assert.equal(keccakImplementation, 'hash-wasm')
    const module = JSON.stringify(projectPath('dist', 'src', 'base', 'keccak.js'))
    const script = `import { keccak256, keccakImplementation } from ${module}
      const digest = Buffer.from(keccak256(Buffer.from('abc'))).toString('hex')
      process.stdout.write(keccakImplementation + ' ' + digest)`
    const flags = ['--jitless', '--no-warnings', '--input-type=module', '--eval', script]
    const printed = execFileSync(process.execPath, flags, { encoding: 'utf8', stdio: 'pipe' })
    assert.equal(printed, `noble ${bytesToHex(keccak256(Buffer.from('abc'))).slice(2)}`)
  })
})
