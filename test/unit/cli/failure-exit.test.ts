// What `rekindle run` says of a failure, and with what it ends: before the node was running, and after.
import assert from 'node:assert/strict'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import { NetError } from '../../../src/net/net-error.ts'
import { HttpError } from '../../../src/rpc/http-listen.ts'
import { SignerError } from '../../../src/signer/signer-error.ts'
import { StoreError } from '../../../src/store/store-error.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { nodeOf, prepareSequencer, recordedIo, runCommand, stubDeps } from './command-fixture.ts'

const systemError = (code: string, message: string) => Object.assign(new Error(message), { code })

interface Failed {
  readonly what: string
  readonly thrown: Error
  /** When the node could not be made; 1 always once it was running. */
  readonly exitCode: 1 | 2
  readonly lines: readonly string[]
}

const FAILURES: readonly Failed[] = [
  {
    what: 'a port of JSON-RPC that is taken',
    thrown: new HttpError(
      {
        code: 'http-address-unavailable',
        server: 'rpc',
        host: '127.0.0.1',
        port: 8545,
        reason: 'it is taken'
      },
      { cause: systemError('EADDRINUSE', 'listen EADDRINUSE: 127.0.0.1:8545') }
    ),
    exitCode: 2,
    lines: [
      'rekindle: http-address-unavailable server=rpc host=127.0.0.1 port=8545 reason=it is taken',
      '  because: listen EADDRINUSE: 127.0.0.1:8545',
      '  more: rekindle explain http-address-unavailable'
    ]
  },
  {
    what: 'an address for peers that cannot be had',
    thrown: new NetError({ code: 'listen-unavailable', multiaddr: '/ip4/10.0.0.1', reason: 'no' }),
    exitCode: 2,
    lines: [
      'rekindle: listen-unavailable multiaddr=/ip4/10.0.0.1 reason=no',
      '  more: rekindle explain listen-unavailable'
    ]
  },
  {
    what: 'a data directory in use',
    thrown: new StoreError({ code: 'store-locked', path: '/seq' }),
    exitCode: 2,
    lines: ['rekindle: store-locked path=/seq', '  more: rekindle explain store-locked']
  },
  {
    what: 'a data directory in use, as the cause of another error',
    thrown: new Error('the stores', {
      cause: new StoreError({ code: 'foreign-directory', path: '/seq', found: 'a\nb' })
    }),
    exitCode: 2,
    lines: ['rekindle: the stores', '  because: foreign-directory path=/seq found=a\\u000ab']
  },
  {
    what: 'a data directory of another chain',
    thrown: new ChainError({ code: 'genesis-mismatch', stored: '0x01', configured: '0x02' }),
    exitCode: 2,
    lines: [
      'rekindle: genesis-mismatch stored=0x01 configured=0x02',
      '  more: rekindle explain genesis-mismatch'
    ]
  },
  {
    what: 'a signing key that another node uses',
    thrown: new SignerError({ code: 'signer-locked', path: '/seq.keys/sequencer.key' }),
    exitCode: 2,
    lines: [
      'rekindle: /seq.keys/sequencer.key is in use by another process: two nodes with one key would sign twice',
      '  more: rekindle explain signer-locked'
    ]
  },
  {
    what: 'a port that only root may have',
    thrown: systemError('EACCES', 'listen EACCES: permission denied 0.0.0.0:80'),
    exitCode: 2,
    lines: ['rekindle: listen EACCES: permission denied 0.0.0.0:80']
  },
  {
    what: 'a damaged database',
    thrown: new StoreError({ code: 'store-damaged', path: '/seq', reason: 'checksum' }),
    exitCode: 1,
    lines: [
      'rekindle: store-damaged path=/seq reason=checksum',
      '  more: rekindle explain store-damaged'
    ]
  },
  {
    what: 'a full disk',
    thrown: systemError('ENOSPC', 'ENOSPC: no space left on device, write'),
    exitCode: 1,
    lines: ['rekindle: ENOSPC: no space left on device, write']
  },
  {
    what: 'an error with a text of many lines',
    thrown: new Error('one\ntwo\u001b[2J'),
    exitCode: 1,
    lines: ['rekindle: one?two?[2J']
  }
]

describe('run says and ends', () => {
  const directory = useTemporaryDirectory()
  const run = async (createNode: Parameters<typeof stubDeps>[0]) => {
    await prepareSequencer(directory.path)
    const io = recordedIo(directory.path, { REKINDLE_LOG_LEVEL: 'error' })
    return runCommand(['run', '--config', 'seq.keys/config.json'], io, stubDeps(createNode))
  }
  const rejecting = (thrown: Error) => () => Promise.reject(thrown)

  for (const { what, thrown, exitCode, lines } of FAILURES) {
    const stderr = `${lines.join('\n')}\n`
    it(`with ${exitCode} before the node runs: ${what}`, async () => {
      assert.deepEqual(await run(rejecting(thrown)), { exitCode, stdout: '', stderr })
    })

    it(`with 1 while the node runs: ${what}`, async () => {
      const ended = await run(nodeOf(rejecting(thrown)))
      assert.deepEqual(ended, { exitCode: 1, stdout: '', stderr })
    })
  }

  it('with causes that go in a circle', async () => {
    const thrown = new Error('round')
    thrown.cause = thrown
    const stderr = 'rekindle: round\n'
    assert.deepEqual(await run(rejecting(thrown)), { exitCode: 1, stdout: '', stderr })
  })
})
