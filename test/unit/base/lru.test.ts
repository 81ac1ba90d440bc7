// The bounded map: what it keeps and what it lets go of.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LruMap } from '../../../src/base/lru.ts'

describe('an LRU map', () => {
  it('drops the entry that was not used for longest', () => {
    const map = new LruMap<string, number>(2)
    map.set('a', 1)
    map.set('b', 2)
    assert.equal(map.get('a'), 1)
    map.set('c', 3)
    assert.deepEqual([...map.keys()], ['a', 'c'])
    assert.equal(map.get('b'), undefined)
  })

  it('does not take looking for using', () => {
    const map = new LruMap<string, number>(2)
    map.set('a', 1)
    map.set('b', 2)
    assert.ok(map.has('a'))
    map.set('c', 3)
    assert.equal(map.has('a'), false)
  })

  it('keeps undefined as a value', () => {
    const map = new LruMap<string, number | undefined>(2)
    map.set('a', undefined)
    map.set('b', undefined)
    assert.equal(map.get('a'), undefined)
    map.set('c', undefined)
    assert.deepEqual([...map.keys()], ['a', 'c'])
  })

  it('deletes and clears', () => {
    const map = new LruMap<string, number>(2)
    map.set('a', 1)
    assert.equal(map.delete('a'), true)
    assert.equal(map.delete('a'), false)
    map.set('b', 1)
    map.clear()
    assert.equal(map.size, 0)
  })

  for (const bound of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`refuses a bound of ${bound}`, () => {
      assert.throws(() => new LruMap(bound), RangeError)
    })
  }

  it('is the newest entries of a history, whatever was done', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('get', 'set', 'delete'), fc.nat(6)))
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (history, bound) => {
        const map = new LruMap<number, number>(bound)
        let model: number[] = []
        for (const [verb, key] of history) {
          const isHeld = model.includes(key)
          if (verb === 'get') assert.equal(map.get(key), isHeld ? key : undefined)
          if (verb === 'set') map.set(key, key)
          if (verb === 'delete') assert.equal(map.delete(key), isHeld)
          const isNewest = verb === 'set' || (verb === 'get' && isHeld)
          if (isNewest || verb === 'delete') model = model.filter((held) => held !== key)
          if (isNewest) model = [...model, key].slice(-bound)
          assert.deepEqual([...map.keys()], model)
          assert.equal(map.size, model.length)
        }
      })
    )
  })
})
