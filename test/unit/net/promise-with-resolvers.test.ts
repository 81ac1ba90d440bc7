// The stand-in for Promise.withResolvers on Node 20.
import assert from 'node:assert/strict'
import '../../../src/net/promise-with-resolvers.ts'

describe('Promise.withResolvers', () => {
  it('resolves and rejects from outside', async () => {
    const good = Promise.withResolvers<number>()
    good.resolve(7)
    assert.equal(await good.promise, 7)
    const bad = Promise.withResolvers<number>()
    bad.reject(new Error('no'))
    await assert.rejects(bad.promise, /no/)
  })

  it('makes promises of the class it is called on', () => {
    class Tracked<T> extends Promise<T> {}
    assert.ok(Tracked.withResolvers<number>().promise instanceof Tracked)
  })

  it('refuses what does not call back as a promise does', () => {
    // No constructor of promises, which is the point.
    const deaf = function () {
      return undefined
    } as unknown as PromiseConstructor
    assert.throws(() => Promise.withResolvers.call(deaf), TypeError)
  })

  it('does not show when the properties of Promise are listed', () => {
    assert.equal(Object.keys(Promise).includes('withResolvers'), false)
  })
})
