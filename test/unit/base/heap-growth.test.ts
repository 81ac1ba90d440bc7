// How far V8 lets the heap grow: the flag is one that this V8 knows, or it would say so and do nothing.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { extname } from 'node:path'

describe('the bound on garbage', () => {
  it('is taken by V8 without a word', () => {
    const url = new URL(`../../../src/base/heap-growth${extname(import.meta.url)}`, import.meta.url)
    const script = `import { boundHeapGrowth } from '${url.href}'; boundHeapGrowth()`
    const args = [...process.execArgv, '--input-type=module', '-e', script]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    assert.deepEqual([status, stdout, stderr], [0, '', ''])
  })
})
