// CRC-32C for what is on disk; the wire contract has it, and stands without src/.
export { crc32c } from '../../protocols/crc32c.ts'
