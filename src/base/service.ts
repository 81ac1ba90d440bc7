// A component with a life: it lives exactly as long as the promise of `run`.

/** A component that runs until its signal aborts; `run` then settles with nothing left behind. */
export interface Service {
  run(signal: AbortSignal): Promise<void>
}
