// What must hold between the fields of a genesis file, and what is said of a file that is wrong in many ways.
import assert from 'node:assert/strict'
import {
  ADDRESS,
  CONFIG,
  type Json,
  OTHER,
  problemsOf,
  SLOT,
  withConfig,
  withFile,
  WORD
} from './genesis-fixture.ts'

const BEFORE_ISTHMUS = /before Isthmus, and the embedded engine runs chains from Isthmus on$/

describe('a genesis file that is wrong in several ways', () => {
  it('has all of them named at once', () => {
    const text = withFile({
      config: { chainId: 'x', isthmusTime: 0, rekindle: { blockTimeMs: 1, signers: [{}] } },
      timestamp: 'x',
      gasLimit: 1,
      difficulty: 3,
      stateHash: WORD,
      alloc: { [ADDRESS]: { balance: 'much', code: 'none' } }
    })
    assert.deepEqual(
      problemsOf(text)
        .map(({ key }) => key)
        .sort(),
      [
        `alloc.${ADDRESS}.balance`,
        `alloc.${ADDRESS}.code`,
        'config.chainId',
        'config.isthmusTime',
        'config.rekindle.blockTimeMs',
        'config.rekindle.signers[0].address',
        'config.rekindle.signers[0].fromBlock',
        'difficulty',
        'gasLimit',
        'stateHash',
        'timestamp'
      ].sort()
    )
  })
  it('has problems between fields named beside those of a field', () => {
    const text = withFile({
      config: { ...CONFIG, chainId: 0, jovianTime: 1, cancunTime: 9 },
      gasLimit: 1,
      gasUsed: 1,
      alloc: { nobody: { balance: 0 } }
    })
    assert.deepEqual(
      problemsOf(text).map(({ key }) => key),
      [
        'config.chainId',
        'gasLimit',
        'config.jovianTime',
        'config.cancunTime',
        'gasUsed',
        'alloc.nobody'
      ]
    )
  })
  it('has a hundred problems named and the others counted', () => {
    const alloc = Object.fromEntries(
      Array.from({ length: 130 }, (_, index) => [`${index}x`, { balance: 0 }])
    )
    const problems = problemsOf(withFile({ alloc }))
    assert.equal(problems.length, 101)
    assert.deepEqual(problems.at(-1), { key: '', problem: 'and 30 problems more' })
  })
  it('is printed with each key and problem', () => {
    const problems = problemsOf(withFile({ gasLimit: 1, gasUsed: 2 }))
    assert.deepEqual(problems, [
      { key: 'gasLimit', problem: 'is below 5000' },
      { key: 'gasUsed', problem: 'is not 0' }
    ])
  })
})

describe('a chain before Isthmus', () => {
  for (const [what, change, timestamp] of [
    ['has no time for it', { isthmusTime: undefined }, '0x65'],
    ['has null for it', { isthmusTime: null }, '0x65'],
    ['comes to it a second after genesis', { isthmusTime: 102 }, '0x65']
  ] as const) {
    it(`is refused by name: ${what}`, () => {
      const config: unknown = JSON.parse(withConfig(change))
      const text = withFile({ ...(config as Json), timestamp })
      const [problem, ...rest] = problemsOf(text)
      assert.deepEqual(rest, [])
      assert.equal(problem?.key, 'config.isthmusTime')
      assert.match(problem?.problem ?? '', BEFORE_ISTHMUS)
    })
  }
  it('is none when Isthmus came at genesis', () => {
    assert.deepEqual(problemsOf(withConfig({ isthmusTime: 101 })), [])
  })
})

describe('the order of the forks', () => {
  for (const [what, change, key, problem] of [
    [
      'one before the one it follows',
      { fjordTime: 5, graniteTime: 4, holoceneTime: 5, isthmusTime: 5 },
      'config.graniteTime',
      'is before config.fjordTime'
    ],
    [
      'one without the one it follows',
      { graniteTime: undefined },
      'config.holoceneTime',
      'is set, but not config.graniteTime'
    ]
  ] as const) {
    it(`does not allow ${what}`, () => {
      assert.deepEqual(problemsOf(withConfig(change)), [{ key, problem }])
    })
  }
  it('allows them one after the other', () => {
    const times = { regolithTime: 1, canyonTime: 2, ecotoneTime: 3, fjordTime: 4 }
    assert.deepEqual(
      problemsOf(withConfig({ ...times, graniteTime: 5, holoceneTime: 6, isthmusTime: 7 })),
      []
    )
  })
})

describe('the accounts of a genesis file', () => {
  const account = { balance: 0 }
  for (const [what, alloc, key, problem] of [
    [
      'an address that is none',
      { '0x12': account },
      'alloc.0x12',
      'is not an address: 0x and 40 hex digits'
    ],
    [
      'one address in two forms',
      { [OTHER]: account, [OTHER.slice(2)]: account },
      `alloc.${OTHER.slice(2)}`,
      'is listed twice'
    ],
    [
      'one slot in two forms',
      { [OTHER]: { balance: 0, storage: { [SLOT]: WORD, [SLOT.slice(2)]: WORD } } },
      `alloc.${OTHER}.storage.${SLOT.slice(2)}`,
      'is listed twice'
    ]
  ] as const) {
    it(`do not have ${what}`, () => {
      assert.deepEqual(problemsOf(withFile({ alloc })), [{ key, problem }])
    })
  }
  it('may be none at all', () => {
    assert.deepEqual(problemsOf(withFile({ alloc: {} })), [])
  })
})

describe('the gas limit of a genesis file', () => {
  it('is not below the elasticity, which would make the gas target 0', () => {
    const problems = problemsOf(withFile({ gasLimit: 5000, extraData: '0x00000000fa00001389' }))
    assert.deepEqual(problems, [
      { key: 'gasLimit', problem: 'is below the elasticity in extraData' }
    ])
    assert.deepEqual(
      problemsOf(withFile({ gasLimit: 5000, extraData: '0x00000000fa00001388' })),
      []
    )
  })
})
