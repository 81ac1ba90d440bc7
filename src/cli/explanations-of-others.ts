// Explanations of codes that others cause: peers that send invalid data, and senders of transactions.
import { explainWait } from '../recovery/decide/wait-reasons.ts'
import { type Explanation } from './explanation.ts'

const NOTHING_FOR_PEERS =
  'Nothing: the peer is scored, and another one is asked. If it is a backup, look at that node.'
const NOTHING_FOR_SENDERS = 'Nothing here: the sender corrects the transaction and sends it again.'

/** Faults of peers, of their messages, and of transactions. */
export const EXPLANATIONS_OF_OTHERS: readonly Explanation[] = [
  {
    codes: ['store-waiting', 'store-reopening', 'recovery-waits'],
    ...explainWait('files-exhausted')
  },
  {
    codes: ['file-limit-too-low', 'file-limit-low'],
    meaning:
      'The process may open too few files and sockets: for the databases, or for as many connections as a node has.',
    safe: 'Start it with a higher limit: ulimit -n 4096 in the shell that starts it, LimitNOFILE=4096 for systemd, --ulimit nofile=4096 for a container.'
  },
  {
    codes: [
      'bytes-after-end',
      'chunk-too-large',
      'chunk-version-invalid',
      'compressed-too-large',
      'container-size-invalid',
      'container-undecodable',
      'decompressed-too-large',
      'decompressed-too-small',
      'field-invalid',
      'parser-closed',
      'reason-invalid',
      'reason-too-long',
      'result-unknown',
      'retry-invalid',
      'snappy-invalid',
      'stream-truncated',
      'too-many-chunks',
      'version-invalid'
    ],
    meaning: 'A peer sent what the wire protocols do not allow.',
    safe: NOTHING_FOR_PEERS
  },
  {
    codes: [
      'proof-node-malformed',
      'proof-node-missing',
      'proof-nodes-unused',
      'range-key-before-origin',
      'range-key-foreign',
      'range-key-out-of-order',
      'range-key-past-limit',
      'range-lengths-differ',
      'range-mismatch',
      'range-value-empty'
    ],
    meaning: 'A peer sent a part of a state that is not what the root of its block says.',
    safe: NOTHING_FOR_PEERS
  },
  {
    codes: [
      'answer-empty',
      'not-connected',
      'rate-limited',
      'request-deadline-passed',
      'server-error',
      'stream-reset',
      'unavailable'
    ],
    meaning: 'A peer did not answer: it is away, slow, busy, or has not what was asked for.',
    safe: 'Nothing: it is asked again later, and others meanwhile. If it is a backup that the gate waits for, look at that node and at the network.'
  },
  {
    codes: ['peer-key-shared'],
    meaning:
      'Two live nodes have the same peer.key, as after a key directory was copied. They count as one: one of them is kept, the other one is refused for as long as that one is connected. Both say so.',
    safe: 'Stop one of the two, give it a peer.key of its own (rekindle key new --peer FILE), start it, and name its new peer id where the old one is named. Blocks that only the refused one holds are asked for once it has its own.'
  },
  {
    codes: ['joining', 'joining-for-ever'],
    meaning:
      'A backup began with an empty store: before a peer that it names has answered, and it has all that this one holds, its silence would mean nothing. No other peer ends that, and it does not matter which side dialled.',
    safe: 'Connect it with the sequencer, or with an up-to-date backup, and name that one in its config: with its address, or by /p2p/ and the peer id where the other node dials.'
  },
  {
    codes: ['invalid-request', 'not-spoken', 'response-malformed', 'unsupported-protocol'],
    meaning:
      'A peer does not speak the protocols as this version does, or not at all: an op-node has no signed_tip, for one.',
    safe: 'Compare the versions of both nodes; a peer that does not speak signed_tip cannot be a backup. Another peer is asked meanwhile.'
  },
  {
    codes: [
      'blob-field-not-zero',
      'answer-too-large',
      'block-false',
      'block-hash-false',
      'block-number-too-large',
      'block-number-zero',
      'block-unrequested',
      'block-unusable',
      'field-missing',
      'field-unexpected',
      'length-invalid',
      'message-malformed',
      'message-too-large',
      'message-too-short',
      'offset-invalid',
      'recovery-id-invalid',
      'relation-false',
      'signature-invalid',
      'signature-unrecoverable',
      'signer-not-scheduled',
      'signer-of-other-heights',
      'too-many-items',
      'transaction-empty',
      'version-unknown',
      'withdrawals-not-empty'
    ],
    meaning:
      'A peer sent a block that is malformed, not what was asked for, or not signed by its signer.',
    safe: NOTHING_FOR_PEERS
  },
  {
    codes: [
      'base-fee-wrong',
      'extra-data-wrong',
      'gas-limit-out-of-bounds',
      'gas-used-above-limit',
      'layout-wrong',
      'number-wrong',
      'parent-hash-wrong',
      'timestamp-wrong'
    ],
    meaning: 'A block does not follow from its parent.',
    safe: 'If the sequencer signed it, compare the versions, genesis files and presets of both nodes; else nothing.'
  },
  {
    codes: [
      'accounts-unsorted',
      'body-invalid',
      'boolean-invalid',
      'code-unreferenced',
      'codes-unsorted',
      'deletion-incomplete',
      'diff-false',
      'diff-refused',
      'diff-size-invalid',
      'diff-too-large',
      'diff-unrequested',
      'header-differs',
      'new-code-missing',
      'number-invalid',
      'receipts-wrong',
      'slot-deleted-twice',
      'slots-unsorted',
      'state-root-wrong',
      'storage-root-wrong',
      'value-untrimmed'
    ],
    meaning: 'A state diff is malformed, or not what its block changed; nothing of it was taken.',
    safe: 'Nothing: a peer that served it is scored and another one is asked; one of our own is replaced when its block is executed again. If that happens twice, check the disk.'
  },
  {
    codes: ['state-answer-empty', 'state-false', 'state-unrequested'],
    meaning:
      'A peer served a part of a state that its proof or its hash does not bear out, that was not asked for, or nothing at all; nothing of it was taken.',
    safe: 'Nothing: the peer is scored, and another one is asked.'
  },
  {
    codes: ['diff-of-another-block'],
    meaning:
      'A peer sent the state diff that its own chain has at a height, and that is another branch.',
    safe: 'Nothing: the next peer is asked, and nobody is scored. Two branches show under recovery in status.'
  },
  {
    codes: ['diff-missing'],
    meaning:
      'The state diff of a block is not kept, so lost states above it are not rebuilt by diffs.',
    safe: 'Nothing: a peer is asked for it, or the block is executed again.'
  },
  {
    codes: [
      'authorization-list-invalid',
      'block-gas-exceeded',
      'init-code-too-large',
      'intrinsic-gas-too-low',
      'nonce-exhausted',
      'nonce-too-high',
      'nonce-too-low',
      'sender-has-code',
      'tip-above-fee-cap',
      'transaction-malformed',
      'transaction-signature-invalid',
      'transaction-too-large',
      'transaction-type-unsupported',
      'transaction-wrong-chain',
      'above-block-gas-limit',
      'already-known',
      'unprotected',
      'tip-too-low',
      'funds-overshot',
      'fee-cap-below-base-fee',
      'insufficient-funds',
      'replacement-underpriced'
    ],
    meaning: 'A transaction is not valid, or not valid now.',
    safe: NOTHING_FOR_SENDERS
  },
  {
    codes: ['sequencing-is-on', 'sequencing-is-off', 'not-the-head'],
    meaning: 'Sequencing was to be started or stopped by admin_ methods, and stands otherwise.',
    safe: 'Ask admin_sequencerActive and optimism_syncStatus, and start on the hash of the head that they show.'
  },
  {
    codes: [
      'backup-known',
      'backup-unknown',
      'backup-is-self',
      'backup-configured',
      'backups-full'
    ],
    meaning: 'A backup was to be added or removed by admin_ methods, and cannot be.',
    safe: 'Ask rekindle_recovery who counts now. Nothing has changed; what the config names is changed there.'
  },
  {
    codes: ['pool-full-underpriced'],
    meaning: 'As many transactions can run as the pool holds, and all of them pay as much or more.',
    safe: 'Pay a higher tip, or wait until blocks have taken some; if it lasts, see whether blocks are built.'
  },
  {
    codes: ['queue-full', 'sender-queue-full'],
    meaning: 'As many transactions wait for a nonce before them as may, in all or of one sender.',
    safe: 'Send the transaction with the missing nonce first.'
  },
  {
    codes: ['delegated-gap', 'delegated-limit'],
    meaning:
      'An account with code (EIP-7702) may have one transaction on its way, that of its next nonce.',
    safe: 'Send the next one once a block has taken the first.'
  },
  {
    codes: ['execution-too-long'],
    meaning:
      'Two blocks tried the transaction, and each cut it off: it computes for longer than a slot has time.',
    safe: 'Send one that does less at a time. The blocks were built without it, on time.'
  }
]
