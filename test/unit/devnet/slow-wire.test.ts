// A slow wire carries every byte in its order, takes its time, and is fast again as soon as it may be.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSlowWire, type Slowness } from '../../../devnet/cluster/slow-wire.ts'

describe('a slow wire', () => {
  /** What comes out of a wire into which `bytes` were written and that was closed, and how long it took. */
  async function carry(slowness: () => Slowness | undefined, bytes: Buffer) {
    const wire = createSlowWire(slowness)
    const startedMs = performance.now()
    const pieces: Buffer[] = []
    wire.on('data', (piece: Buffer) => pieces.push(piece))
    wire.end(bytes)
    await once(wire, 'end')
    return { bytes: Buffer.concat(pieces), pieces, tookMs: performance.now() - startedMs }
  }

  const bytes = Buffer.from(Array.from({ length: 50 }, (_, at) => at))

  it('passes everything on at once while nothing slows it', async () => {
    const carried = await carry(() => undefined, bytes)
    assert.deepEqual(carried.bytes, bytes)
    assert.equal(carried.pieces.length, 1)
  })

  it('trickles: so many bytes a second, in pieces', async () => {
    const carried = await carry(() => ({ kind: 'trickle', bytesPerSecond: 200 }), bytes)
    assert.deepEqual(carried.bytes, bytes)
    assert.deepEqual(
      carried.pieces.map(({ length }) => length),
      [20, 20, 10]
    )
    assert.ok(carried.tookMs > 250, `${String(carried.tookMs)} ms`)
  })

  it('comes late, and whole', async () => {
    const carried = await carry(() => ({ kind: 'delay', delayMs: 150 }), bytes)
    assert.deepEqual(carried.bytes, bytes)
    assert.equal(carried.pieces.length, 1)
    assert.ok(carried.tookMs > 140, `${String(carried.tookMs)} ms`)
  })

  it('is fast again in the middle of what it trickles', async () => {
    let looks = 0
    const slowness = (): Slowness | undefined => {
      looks += 1
      return looks <= 2 ? { kind: 'trickle', bytesPerSecond: 100 } : undefined
    }
    const carried = await carry(slowness, bytes)
    assert.deepEqual(
      carried.pieces.map(({ length }) => length),
      [10, 40]
    )
  })

  it('carries nothing more once it is destroyed', async () => {
    const wire = createSlowWire(() => ({ kind: 'trickle', bytesPerSecond: 10 }))
    const heard: Buffer[] = []
    wire.on('data', (piece: Buffer) => heard.push(piece))
    wire.write(bytes)
    wire.destroy()
    await once(wire, 'close')
    assert.deepEqual(heard, [])
  })
})
