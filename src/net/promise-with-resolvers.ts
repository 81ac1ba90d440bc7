// Promise.withResolvers (ES2024) for Node 20, which lacks it and which libp2p calls. Imported for its
// effect, before anything of libp2p; leaves a built-in one alone.

if (typeof (Promise as Partial<PromiseConstructor>).withResolvers !== 'function') {
  Object.defineProperty(Promise, 'withResolvers', {
    value: withResolvers,
    configurable: true,
    enumerable: false,
    writable: true
  })
}

function withResolvers<T>(this: PromiseConstructor): PromiseWithResolvers<T> {
  let resolve: PromiseWithResolvers<T>['resolve'] | undefined
  let reject: PromiseWithResolvers<T>['reject'] | undefined
  const promise = new this<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  if (resolve === undefined || reject === undefined) {
    throw new TypeError('the constructor did not call its executor')
  }
  return { promise, resolve, reject }
}
