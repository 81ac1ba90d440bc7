// The longer parts of the help texts.
import { type FlagNotes } from './command-flags.ts'

/** Below the list of commands. */
export const PROGRAM_NOTES = `
Exit codes: 0 good; 1 a check failed, or the node stopped on an error; 2 bad usage or config, or a
port or data directory that cannot be had. What was asked for goes to stdout, everything else to
stderr.`

/** What flags mean to init that mean something else to run. */
export const INIT_FLAG_NOTES: FlagNotes = {
  genesisFile:
    "geth's genesis.json of the chain, copied into the key directory (a backup must have it; default for a sequencer: a sample)",
  blockTimeMs:
    "time from block to block: op whole seconds; opbnb 1000, 500 or 250 (default: the genesis file's; 1000 in the sample)"
}

/** Below `key`. */
export const KEY_NOTES = `
new overwrites nothing, and writes with mode 600; neither prints the key. The address of a signing key is
what a genesis file and --signer name, a peer id what --peer and --backup end in.

  rekindle key new sequencer.key
  rekindle init --role sequencer --datadir seq --sequencer-key sequencer.key \\
    --genesis genesis.json --block-time 2000`

/** Below the flags of role. */
export const ROLE_NOTES = `
Both nodes must have stopped. The key and its record move from one to the other; this command edits the
file, and refuses a sequencer whose key is not there. Flags are written into the file.

  rekindle role --config seq.keys/config.json --to backup --peer /ip4/10.0.0.2/tcp/9222/p2p/16Uiu2…
  mv seq.keys/sequencer.key seq.keys/signed-record backup.keys/
  rekindle role --config backup.keys/config.json --to sequencer \\
    --backup /ip4/10.0.0.1/tcp/9222/p2p/16Uiu2…`

/** Below the flags of init. */
export const INIT_NOTES = `
DATADIR holds the databases and nothing else: it can be deleted, and is fetched from peers again. Gone
with it is what an operator told the node: backups added with admin_addBackup, and blocks set aside.
DATADIR.keys (or --keydir) holds what cannot be fetched: config.json, genesis.json, peer.key,
admin.token, and for a sequencer sequencer.key and signed-record.

The two are apart for a reason. The signed record is what keeps a key from signing two blocks at one
height; a copy of it that is put back with the databases would not know that it is old. So never copy
the record, and never put one back.

Flags alone count: no REKINDLE_* variable does. What they say is written into config.json.

geth's and op-geth's genesis files are taken as they are. What they do not say is named beside them, the
same on every node: --block-time, and --signer (default for a sequencer: its own key). Or the file says
both, in its config: "rekindle":
{ "blockTimeMs": 2000, "signers": [{ "fromBlock": 0, "address": "0x…" }] }.

Without --genesis a sequencer gets a sample chain whose accounts, of the mnemonic
"test test test test test test test test test test test junk", anybody can spend from.

  rekindle init --role sequencer --datadir seq
  rekindle init --role backup --datadir backup --genesis seq.keys/genesis.json`

/** Below the flags of run. */
export const RUN_NOTES = `
Flags override REKINDLE_* variables, which override the config file; "rekindle config
--print-defaults" lists them all. Lists are replaced, not added to: --backup once, and those of the
file do not count. Paths in the file are relative to the file.

A sequencer builds nothing before recovery has let it: see "rekindle status".

  rekindle run --config seq.keys/config.json --backup /ip4/10.0.0.2/tcp/9222/p2p/16Uiu2…
  rekindle run --config backup.keys/config.json --peer /ip4/10.0.0.1/tcp/9222/p2p/16Uiu2… \\
    --sequencer-rpc http://10.0.0.1:8545`

/** Below the flags of signer show. */
export const SIGNER_NOTES = `
Exits with 1 when there is a record that cannot be read.`

/** What `db` does to a directory, and what it ends with. */
export const DB_NOTES = `
The node must not run. inspect only reads, and so does verify without --repair; verify exits with 1 when
it found a fault that is still there.
choose and rewind give blocks up, by name: they say which, set them aside by hash, and change nothing
(exit code 2) unless --confirm names what is given up. A block that was set aside is never taken in
again.`

/** Below the flags of db verify. */
export const VERIFY_NOTES = `
--repair puts right what can be, as a start would, and then the whole state: flat accounts and slots out
of the trie, trie nodes out of those below them or the accounts and slots, blocks out of what else is
stored. With --peer what nothing here tells is fetched from those nodes, each piece proved before it is
written: trie nodes and codes by their hashes, blocks by their children. It prints what is mended and
what is left, with the one command that helps. Nodes serve the states of the last 128 blocks: where the
state that is stored here is older, what has changed since cannot be had any more, and the next start
sets that state aside and fetches the one of a recent block.

  rekindle db verify --config backup.keys/config.json --repair --peer /dns4/a/tcp/9222/p2p/12D3…`

/** Below the flags of db choose. */
export const CHOOSE_NOTES = `
For two blocks that one key signed, neither built on the other; "rekindle status" names them. The chosen
branch stays or becomes the chain; the other is given up, with all that stands on it, and a sequencer's
record lets go of it. Whoever saw the block that is given up has seen a block that is no more. Choose
the same branch on every node that holds the other one.

  rekindle db choose --config seq.keys/config.json --branch 0x… --confirm 0x…`

/** Below the flags of db rewind. */
export const REWIND_NOTES = `
For a backup, where no signed record lies. Blocks above N are given up here; what other nodes hold stays
as it is.

  rekindle db rewind --config backup.keys/config.json --to 1200 --confirm 0x…`

/** Below the flags of signer release. */
export const RELEASE_NOTES = `
For a record that bars heights above the chain whose blocks are lost everywhere. The key may then sign
other blocks at these heights: if a node does hold one of the old ones, two blocks at one height exist.
Safer, where any node may still have them: bring that node back, and let recovery fetch them.

  rekindle signer release --config seq.keys/config.json --above 1200 --confirm 0x…`
