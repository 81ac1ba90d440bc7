// How a cluster is set up before a scenario acts on it.

/** How the cluster is set up before the scenario acts. */
export interface ScenarioSetup {
  readonly signedRecord: 'on' | 'off'
  readonly quorum: 'auto' | 'all'
  /** Genesis lies so many blocks in the past: the chain begins with as many missed slots. */
  readonly genesisAgeBlocks?: number
  /** A node SECOND with the sequencer's key and backups, and a record of its own; it is not started. */
  readonly hasSecond?: true
}
