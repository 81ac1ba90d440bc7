// Each thing that LevelDB or the system throws, and what it is called here.
import assert from 'node:assert/strict'
import { toStoreError, type StoreAction } from '../../../src/store/level-failure.ts'
import { StoreError } from '../../../src/store/store-error.ts'

/** As the package throws it: its own error around LevelDB's. */
function levelError(code: string, message: string, outer = 'LEVEL_DATABASE_NOT_OPEN'): Error {
  const cause = Object.assign(new Error(message), { code })
  return Object.assign(new Error('Database failed to open', { cause }), { code: outer })
}

const systemError = (code: string) => Object.assign(new Error(`${code}: mkdir 'x'`), { code })

describe('failures of LevelDB', () => {
  for (const [action, thrown, code] of [
    ['open', levelError('LEVEL_LOCKED', 'IO error: lock x/LOCK: already held'), 'store-locked'],
    ['open', levelError('EEXIST', 'EEXIST: file already exists, mkdir'), 'not-a-directory'],
    ['open', systemError('ENOTDIR'), 'not-a-directory'],
    ['open', systemError('EACCES'), 'permission-denied'],
    ['open', systemError('EPERM'), 'permission-denied'],
    ['open', systemError('EROFS'), 'permission-denied'],
    [
      'open',
      levelError('LEVEL_IO_ERROR', 'IO error: x/LOCK: Permission denied'),
      'permission-denied'
    ],
    ['open', systemError('ENOSPC'), 'disk-full'],
    [
      'open',
      levelError('LEVEL_LOCKED', 'IO error: lock x/LOCK: No locks available'),
      'open-failed'
    ],
    [
      'open',
      levelError('LEVEL_IO_ERROR', 'IO error: x/MANIFEST-000004: No such file or directory'),
      'store-damaged'
    ],
    [
      'read',
      levelError('', 'IO error: x/000005.ldb: Invalid argument', 'LEVEL_IO_ERROR'),
      'store-damaged'
    ],
    [
      'write',
      levelError('', 'IO error: x/000012.log: No such file or directory', 'LEVEL_IO_ERROR'),
      'store-damaged'
    ],
    ['read', levelError('', 'IO error: x/LOG: Invalid argument', 'LEVEL_IO_ERROR'), 'read-failed'],
    ['open', levelError('LEVEL_CORRUPTION', 'Corruption: no meta-nextfile'), 'store-damaged'],
    ['open', levelError('LEVEL_IO_ERROR', 'IO error: x: Input/output error'), 'open-failed'],
    ['open', levelError('LEVEL_IO_ERROR', 'IO error: x: Too many open files'), 'files-exhausted'],
    ['read', levelError('LEVEL_CORRUPTION', 'Corruption: block checksum'), 'store-damaged'],
    ['read', systemError('LEVEL_DATABASE_NOT_OPEN'), 'store-closed'],
    ['read', systemError('LEVEL_SNAPSHOT_NOT_OPEN'), 'store-closed'],
    ['read', systemError('LEVEL_IO_ERROR'), 'read-failed'],
    ['write', systemError('LEVEL_DATABASE_NOT_OPEN'), 'store-closed'],
    [
      'write',
      levelError('', 'IO error: x/000003.log: No space left on device', 'LEVEL_IO_ERROR'),
      'disk-full'
    ],
    ['write', systemError('EDQUOT'), 'disk-full'],
    ['open', systemError('EMFILE'), 'files-exhausted'],
    [
      'write',
      levelError('LEVEL_IO_ERROR', 'IO error: db/000009.log: Too many open files'),
      'files-exhausted'
    ],
    [
      'read',
      levelError('LEVEL_IO_ERROR', 'IO error: db/7.ldb: Too many open files in system'),
      'files-exhausted'
    ],
    ['write', systemError('LEVEL_IO_ERROR'), 'write-failed'],
    ['write', new Error('something else'), 'write-failed'],
    ['write', 'no error at all', 'write-failed']
  ] as const satisfies readonly (readonly [StoreAction, unknown, string])[]) {
    it(`calls ${describeThrown(thrown)} on ${action} ${code}`, () => {
      const error = toStoreError(thrown, 'db', action)
      assert.equal(error.failure.code, code)
      assert.equal(error.failure.path, 'db')
      assert.equal(error.cause, thrown)
    })
  }

  it('leaves a StoreError as it is', () => {
    const error = new StoreError({ code: 'disk-full', path: 'db' })
    assert.equal(toStoreError(error, 'other', 'read'), error)
  })
  it('ends at a cause that is its own cause', () => {
    const looped = new Error('loop')
    looped.cause = looped
    assert.equal(toStoreError(looped, 'db', 'read').failure.code, 'read-failed')
  })
})

function describeThrown(thrown: unknown): string {
  const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown
  return JSON.stringify(cause instanceof Error ? cause.message : cause)
}
