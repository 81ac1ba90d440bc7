// Explanations of codes that an operator meets, and what is safe to do; those of peers and transactions stand apart.
import { explainWait, WAIT_REASONS } from '../recovery/decide/wait-reasons.ts'
import { type Explanation } from './explanation.ts'
import { EXPLANATIONS_OF_OTHERS } from './explanations-of-others.ts'

const OWN_EXPLANATIONS: readonly Explanation[] = [
  {
    codes: ['config-invalid'],
    meaning:
      'Flags, variables, the config file or a file that it names do not fit. All problems are listed.',
    safe: 'Mend what is listed and start again. Nothing was opened or written.'
  },
  {
    codes: ['http-address-unavailable'],
    meaning: 'The address for JSON-RPC or metrics is taken, or not one of this machine.',
    safe: 'Name another with --rpc or --metrics, or stop what listens there: it may be this node, started before.'
  },
  {
    codes: ['listen-unavailable'],
    meaning: 'The address for peers is taken, or not one of this machine.',
    safe: 'Name another with --listen, or stop what listens there: it may be this node, started before.'
  },
  {
    codes: ['genesis-missing'],
    meaning:
      'The database of blocks has lost its beginning, and nothing that is left proves of which chain it is. A backup begins it anew by itself.',
    safe: 'On a sequencer, move the whole data directory away, which is safe where its backups have the chain, and start it: they are all asked. Keep the key directory, with the signed record in it.'
  },
  {
    codes: ['genesis-invalid', 'signers-invalid', 'block-time-invalid'],
    meaning:
      'The genesis file, or what the config changes of it, is not that of a chain that can be run here.',
    safe: 'Take the genesis file of the sequencer, unchanged. Nothing was written.'
  },
  {
    codes: ['genesis-mismatch'],
    meaning: 'The data directory belongs to another chain than the genesis file.',
    safe: 'Name the right data directory or genesis file. Nothing was changed; delete the directory only if that chain is not wanted any more.'
  },
  {
    codes: ['key-missing', 'key-unreadable', 'key-malformed', 'key-permissions'],
    meaning:
      'The key that signs blocks cannot be used as it is. Its file holds 64 hex digits and is mode 600.',
    safe: 'Mend the file, or name the right one. Never make a new key for a running chain: its signer is in the genesis file.'
  },
  {
    codes: ['key-exists', 'key-unwritable', 'record-exists'],
    meaning: 'A key or a record was to be written where one is, or where nothing can be written.',
    safe: 'Choose another place. What is there was left as it is, and should be kept.'
  },
  {
    codes: ['signer-locked', 'lock-failed'],
    meaning: 'The signing key or its record is in use by another process, or cannot be locked.',
    safe: 'Find the other node and stop it first. Two nodes with one key sign two blocks at one height sooner or later.'
  },
  {
    codes: ['record-unreadable'],
    meaning:
      'The signed record is damaged in a way that no crash explains, or belongs to another chain or key.',
    safe: 'Look for the right file, or for what is wrong with the disk. Moved away, it counts as missing: the node then asks all backups before it builds, which is safe while they all answer.'
  },
  {
    codes: ['record-broken', 'record-write-failed'],
    meaning:
      'An entry of the signed record could not be written; after record-broken it is not known what the disk holds.',
    safe: 'Make room or mend the disk. After record-broken start the node again, which reads the record anew. No signature left without its entry.'
  },
  {
    codes: ['record-not-adopted'],
    meaning:
      'Something was to be signed before recovery ended on a head and wrote it into the record.',
    safe: 'Start the node and let it recover; nothing was signed.'
  },
  {
    codes: ['height-already-signed'],
    meaning:
      'This key has signed at this height or above it, and does not sign another block there.',
    safe: 'Nothing: recovery finds the block that was signed. That no second one was signed is what the record is for.'
  },
  {
    codes: ['release-refused'],
    meaning:
      'Heights were not freed: the hash is not that of the last signed block, there is nothing above, or far too much.',
    safe: 'Compare with "rekindle signer show". Nothing was changed.'
  },
  {
    codes: ['signature-not-ours', 'private-key-invalid', 'digest-length-invalid'],
    meaning: 'The signer answered with what is no signature of its own key. It was not let out.',
    safe: 'Check the memory and the signer of this machine before it signs again.'
  },
  {
    codes: ['store-locked'],
    meaning: 'Another process has the data directory open.',
    safe: 'Stop it, or name another directory. "fuser" with the file LOCK in the directory shows which process it is. Do not delete the lock: it is let go of when that process ends.'
  },
  {
    codes: ['not-a-directory', 'foreign-directory', 'permission-denied'],
    meaning:
      'The data directory cannot be used: it is a file, holds files of something else, or may not be opened.',
    safe: 'Name another directory; or move what is found there out of it, and give it to the user that the node runs as. What is in it was left as it is.'
  },
  {
    codes: ['open-failed'],
    meaning:
      'The system did not open the data directory or a file in it; the reason has its words. Nothing was changed.',
    safe: 'Mend what the reason names: the mount, the disk, the kind of file system, which has to know locks. If it cannot be mended, name a data directory on another disk; that is safe where a peer has the chain. Keep the key directory.'
  },
  {
    codes: ['store-missing'],
    meaning: 'There is no database where one was to be read, or nothing in it.',
    safe: 'Name the data directory of the node: nothing was made. A start begins what is missing, and gets it from peers.'
  },
  {
    codes: ['schema-newer', 'schema-older'],
    meaning:
      'The data directory was written by another version of rekindle, and is not misread as one of this version.',
    safe: 'Run the version that wrote it, or start with an empty directory: blocks and state come from peers. One node after the other, each once the one before it has caught up: emptied all at once, nobody has the chain. What an operator set aside is forgotten with it. Keep the key directory.'
  },
  {
    codes: [
      'store-damaged',
      'entry-damaged',
      'entry-missing',
      'receipt-malformed',
      'named-value-invalid'
    ],
    meaning:
      'A database lost or changed what was written to it, or a file that belongs to it: a table, the log, MANIFEST, CURRENT.',
    safe: 'Check the disk. A start mends what can be mended: it repairs chain, fetches what that has lost from peers, and puts a damaged state into set-aside to make it again from the stored blocks. Where it is refused since too much lies there, move what lies in set-aside out of the data directory. Where it is refused else, move the whole data directory away, which is safe where a peer has the chain: all of it is fetched again. Then start the node. Keep the key directory.'
  },
  {
    codes: ['write-failed', 'read-failed', 'store-closed', 'flush-failed'],
    meaning: 'The disk did not take or give what a database wanted.',
    safe: 'Look at the disk, then start the node again; it goes on from what was written. If that fails in the same way, move the data directory away, to a disk that is well where this one is not: safe where a peer has the chain. Keep the key directory.'
  },
  {
    codes: ['flush-awaited'],
    meaning:
      'The disk has not taken a flush of the state yet, and what came after it fills its share of memory too: the next block waits. Nothing is lost.',
    safe: 'Look at the disk; once it takes the flush the node goes on by itself. Killing it is safe too: it goes on from what was written.'
  },
  {
    codes: ['behind'],
    meaning:
      'Peers that this node names show blocks that it does not hold, more than are announced, fetched and executed within some slots. A backup that was rewound set those blocks aside, and stays behind.',
    safe: 'Compare the heads under peers in status. If the distance shrinks, wait. If it was rewound and is to follow again, move its data directory away and start it: the chain comes from peers. Keep the key directory.'
  },
  {
    codes: ['behind-clock'],
    meaning:
      'The timestamp of the head is long before the clock. A sequencer fills each slot that has passed with an empty block, and takes transactions into blocks of slots to come only; on a backup no new block came.',
    safe: 'On a sequencer: wait while the head moves. If behindBlocks is a matter of years, the timestamp of the genesis is old: begin the chain anew with one of now. On a backup: see whether the sequencer builds, and whether it is connected. Check the clock with date.'
  },
  {
    codes: ['no-peers'],
    meaning:
      'No peer that this node names is connected, so nobody tells it of new blocks: what it shows may be old.',
    safe: 'See dial-failed in the log for the reason, and whether those peers run, at the addresses under peers and backups. It is connected by itself once one can be reached.'
  },
  {
    codes: [
      'code-damaged',
      'code-missing',
      'node-damaged',
      'node-missing',
      'node-malformed',
      'node-hash-mismatch',
      'state-damaged',
      'value-empty'
    ],
    meaning:
      'A part of the state is not there, or is not what its hash says. A node that runs makes it again of what is left, or fetches it from its peers, and tells it as state-entry-mended.',
    safe: 'Check the disk. Connect a node that has the state, under peers: what is damaged is asked for by itself, and damage under state in status says what is left. With the node stopped, rekindle db verify --repair --peer MULTIADDR mends all of it. If it stays, start the node again: it sets the state aside and fetches it from peers. If that does not help either, move the data directory away. Keep the key directory.'
  },
  {
    codes: ['block-hash-unknown', 'hash-not-proven'],
    ...explainWait('blocks-missing')
  },
  {
    codes: ['state-not-initialised', 'parent-not-readable', 'view-stale', 'parent-unknown'],
    ...explainWait('state-not-readable')
  },
  {
    codes: [
      'not-child-of-head',
      'block-invalid',
      'block-missing',
      'receipts-count-wrong',
      'header-malformed'
    ],
    meaning: 'A block could not be applied to the chain here; nothing of it was written.',
    safe: 'If a block that the sequencer signed is refused, compare the versions of both nodes and keep their logs.'
  },
  {
    codes: ['gate-shut', 'recovering', 'stopping', 'process-paused'],
    meaning:
      'The sequencer may not build now: it is recovering, was paused for long, or is being stopped.',
    safe: 'See "rekindle status" for the stage, how far it is, and who is missing.'
  },
  {
    codes: ['ask'],
    meaning:
      'Backups that the quorum needs have not answered what the highest block is that they saw.',
    safe: 'Bring one of the missing backups back: the gate opens by itself then. One that was taken out of the config is asked once more, at the address that status names under formerBackups. Starting with --start-without-backups gives up what only they hold.'
  },
  {
    codes: ['conflict', 'stay-shut-conflict'],
    meaning:
      'There are two blocks signed by this key, neither built on the other. Status names both, and who holds them.',
    safe: 'Keep both data directories and the record as they are. Nothing is built until an operator has chosen: users may have seen either block.'
  },
  {
    codes: ['stay-shut-gap'],
    meaning:
      'A block that was announced is served by nobody, or does not execute to its state root.',
    safe: 'Bring a node back that has it. Starting with --give-up-above gives up the blocks above the one that it names.'
  },
  {
    codes: ['too-many-at-height'],
    meaning: 'More signed blocks came at one height than are kept as evidence.',
    safe: 'Find out who signs them; the first ones are kept.'
  },
  {
    codes: ['deadline-passed', 'serial-full'],
    meaning: 'Something took longer than it may, or too much waited for its turn.',
    safe: 'Nothing once; if it repeats, the machine, its disk or its network is too slow.'
  },
  {
    codes: ['hex-invalid', 'integer-out-of-range', 'payload-unknown', 'extra-data-invalid'],
    meaning: 'A value is not of the form that it has to have.',
    safe: 'Correct what was sent or configured.'
  }
]

/** Of what a shut gate waits for: the rows of recovery bring their own words. */
const WAIT_EXPLANATIONS: readonly Explanation[] = WAIT_REASONS.map(({ code, meaning, safe }) => ({
  codes: [code],
  meaning,
  safe
}))

const BY_CODE = new Map(
  [...OWN_EXPLANATIONS, ...WAIT_EXPLANATIONS, ...EXPLANATIONS_OF_OTHERS].flatMap((explanation) =>
    explanation.codes.map((code) => [code, explanation] as const)
  )
)

/** Every code that is explained, sorted. */
export const EXPLAINED_CODES: readonly string[] = [...BY_CODE.keys()].sort()

/** What a code means; undefined for one that there is not. */
export function explanationOf(code: string): Explanation | undefined {
  return BY_CODE.get(code)
}
