// Commands that pages print and no test types: each by name, with the reason, and with what holds it instead.

const RUNS_THIS = 'it is what runs this test'
const BUILDS = 'it builds dist/, from which the other tests are running'
const LINT = 'npm test runs lint beside the tests'
const LONG = 'it takes minutes to hours; that it is known by that name is seen in its --help'
const REGISTRY = 'it needs a registry'
const BY_NAME = 'it names blocks that no chain here has'
const STARTS = 'a cluster of its own, for half a minute'

/** Command to reason. */
export const UNRUN_COMMANDS: Readonly<Record<string, string>> = {
  '.ci/run': RUNS_THIS,
  'npm ci && npm run devnet': `${REGISTRY}, and waits for a person; test/e2e/scenarios.test.ts runs the scenario`,
  'npm ci && npm test': RUNS_THIS,
  'npm ci': `${REGISTRY}; .ci/run begins with it`,
  'npm install rekindle': `${REGISTRY}; test/e2e/package.test.ts installs the tarball`,
  'npm install "viem@^2.57.20"': `${REGISTRY}; test/unit/devnet/load-packages.test.ts holds it against package.json`,
  'npm test': RUNS_THIS,
  'npm run coverage': RUNS_THIS,
  'npm run -s build': BUILDS,
  'npm run watch': `${BUILDS}, and does not end`,
  'npm run format': 'it would write into the sources',
  'npm run lint': LINT,
  'npm run lint:format': LINT,
  'npm run lint:unused': LINT,
  'npm run test:unit': BUILDS,
  'npm run -s test:unit': BUILDS,
  'npm run test:only -- unit': BUILDS,
  'npm run test:only -- unit/state -g journal': BUILDS,
  'npm run test:only -- unit/state property -g journal': BUILDS,
  'npm run test:only -- test/unit/base/bytes.test.ts': BUILDS,
  'npm run -s test:only -- test/unit/base/bytes.test.ts': BUILDS,
  'npm run -s devnet -- --scenario one-block-behind --exit': `${STARTS}; test/e2e/package.test.ts runs it with two backups`,
  'npm run -s devnet -- --scenario one-block-behind --exit --json': `${STARTS}; test/e2e/package.test.ts runs it with two backups`,
  'npm run -s bench': `${LONG}; test/e2e/bench.test.ts runs each at its smallest size`,
  'npm run -s bench -- command-start': LONG,
  'npm run -s bench -- recover-one-block': LONG,
  'npm run -s bench -- trie-commit': LONG,
  'npm run -s bench -- worst-gas': LONG,
  'npm run -s soak -- conformance-starts': LONG,
  'npm run -s soak -- join --only accounts': LONG,
  'npm run -s soak -- join --only damage --times 25': LONG,
  'npm run -s soak -- join --only damage --times 25 --seed 1 --out damages.jsonl': LONG,
  'npm run -s soak -- join --only kills --joins 3 --accounts 20000': LONG,
  'npm run -s soak -- main-job': LONG,
  'npm run -s soak -- main-job --jobs 3': LONG,
  'npm run -s soak -- reads': LONG,
  'npm run -s soak -- reads --seconds 20': LONG,
  'npm run -s soak -- recovery': LONG,
  'npm run -s soak -- state --kills 200': LONG,
  'npm run -s soak -- strangers': LONG,
  'npm run -s soak -- strangers --only quiet': LONG,
  'npm run -s soak -- strangers --only raw-0xff,half-open --seconds 20': LONG,
  'npm run -s interop:geth -- --geth PATH':
    'it needs a geth; test/interop/geth-answers.test.ts holds what one answered',
  'npm run -s conformance -- …': 'a name, not a command: the one with its flags is run',
  'npm run -s conformance -- --target MULTIADDR --chain-id N':
    'a form, not a command: the one with a target is run',
  'node -e 0': 'Node alone, for comparison',
  'rekindle db choose --branch HASH --confirm OTHERHASH': `${BY_NAME}; test/unit/cli/db-choose.test.ts`,
  'rekindle db rewind --to N --confirm HEADHASH': `${BY_NAME}; test/unit/cli/db-rewind.test.ts`,
  'rekindle db verify --config backup.keys/config.json --repair --peer MULTIADDR':
    'it names a peer; test/interop/repair-directory.test.ts runs it with one',
  'rekindle signer release --above N --confirm HASH': `${BY_NAME}; test/unit/cli/signer-release.test.ts`,
  'rekindle run … --give-up-above HASH': `${BY_NAME}; test/unit/recovery/decide.test.ts`,
  'rekindle run … --start-without-backups HEADHASH': `${BY_NAME}; test/unit/recovery/decide.test.ts`
}
