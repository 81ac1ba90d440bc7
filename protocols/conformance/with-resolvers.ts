// Promise.withResolvers (ES2024) for Node 20: libp2p calls it, and the suite runs as a command of its own.

if (typeof (Promise as Partial<PromiseConstructor>).withResolvers !== 'function') {
  Object.defineProperty(Promise, 'withResolvers', {
    value<T>(): PromiseWithResolvers<T> {
      const settle: Partial<PromiseWithResolvers<T>> = {}
      const promise = new Promise<T>((resolve, reject) =>
        Object.assign(settle, { resolve, reject })
      )
      return { promise, ...settle } as PromiseWithResolvers<T>
    },
    configurable: true,
    writable: true
  })
}
