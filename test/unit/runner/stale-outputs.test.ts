// What a build removes from dist/: files whose source is gone, and nothing else.
import assert from 'node:assert/strict'
import { staleOutputs } from '../../runner/stale-outputs.ts'

describe('files of dist/ without a source', () => {
  const sources = ['src/base', 'src/base/bytes.ts', 'src/base/README.md', 'test/unit/a.test.ts']

  it('are script, map and declarations of each source that is gone or was moved', () => {
    const gone = ['src/gone.js', 'src/gone.js.map', 'src/gone.d.ts', 'test/a.test.js']
    assert.deepEqual(staleOutputs([...gone, 'src/base/bytes.js'], sources), gone)
  })

  for (const path of [
    'src/base/bytes.js',
    'src/base/bytes.js.map',
    'src/base/bytes.d.ts',
    'test/unit/a.test.js',
    'src/base',
    'config.schema.json',
    'tsconfig.tsbuildinfo'
  ]) {
    it(`are not ${path}`, () => {
      assert.deepEqual(staleOutputs([path], sources), [])
    })
  }
})
