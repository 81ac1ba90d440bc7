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

/** Below the flags of init. */
export const INIT_NOTES = `
DATADIR holds the databases and nothing else: it can be deleted, and is fetched from peers again.
DATADIR.keys (or --keydir) holds what cannot be fetched: config.json, genesis.json, peer.key, and for a
sequencer sequencer.key and signed-record.

The two are apart for a reason. The signed record is what keeps a key from signing two blocks at one
height; a copy of it that is put back with the databases would not know that it is old. So never copy
the record, and never put one back.

Flags alone count: no REKINDLE_* variable does. What they say is written into config.json.

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
The node must not run. Both only read. verify exits with 1 when it found a fault.`
