// A KZG proof that holds, as the precompile of EIP-4844 takes it.
import { hexToBytes } from '../../src/base/bytes.ts'

/** "pointEvaluation1" of the precompile test data that Ethereum clients share. */
export const KZG_PROOF = hexToBytes(
  '0x01e798154708fe7789429634053cbf9f99b619f9f084048927333fce637f549b' +
    '564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306' +
    '24d25032e67a7e6a4910df5834b8fe70e6bcfeeac0352434196bdf4b2485d5a1' +
    '8f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca2' +
    '5f26936857bc3a7c2539ea8ec3a952b7873033e038326e87ed3e1276fd140253' +
    'fa08e9fc25fb2d9a98527fc22a2c9612fbeafdad446cbc7bcdbdcd780af2c16a'
)
