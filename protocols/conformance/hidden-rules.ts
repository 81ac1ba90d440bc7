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
  }
]
