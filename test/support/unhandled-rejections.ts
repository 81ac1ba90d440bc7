// A promise that rejects with nobody to handle it fails the test that runs; mocha alone lets it pass.

process.on('unhandledRejection', (reason) => {
  throw reason
})
