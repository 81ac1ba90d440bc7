// The MUSTs that no peer can see from outside, each with the reason.
import { type HiddenRule } from './verdict.ts'

/** Rules without a case. */
export const HIDDEN_RULES: readonly HiddenRule[] = [
  {
    rule: 'BM-4',
    reason: 'fork times are not on the wire; a message of an older layout is still a sound message'
  },
  {
    rule: 'GO-8',
    reason: 'the signer is the node’s own configuration, and it cannot be taken away'
  },
  { rule: 'GO-19', reason: 'a peer cannot make a node hold back a block that it built itself' },
  {
    rule: 'GO-20',
    reason: 'the suite has the key of one signer, and the schedule is not on the wire'
  },
  {
    rule: 'GO-23',
    reason:
      'a message that large is a block that the node would keep, and no case leaves one of 10 MiB behind'
  },
  {
    rule: 'TI-12',
    reason:
      'the suite cannot take a node’s store away, start it again, or be one of its operator’s peers at will'
  },
  {
    rule: 'PN-4',
    reason:
      'no chain of the suite has a block that large, and no answer shows which ones are left out'
  },
  {
    rule: 'PN-6',
    reason:
      'a node asks by this protocol only where nobody serves signatures, and the suite’s peers do'
  },
  { rule: 'PN-7', reason: 'what a node makes of a block that it fetched so is seen by no peer' },
  {
    rule: 'PN-8',
    reason:
      'a node holds no block without its signature unless it fetched it so, which no peer sees'
  },
  ...['AR-12', 'AR-13', 'SR-12', 'SR-13', 'BC-9', 'TN-9'].map((rule) => ({
    rule,
    reason:
      'a node asks for parts of a state where it has none, and no peer sees what it makes of the answers'
  }))
]
