// Node 18 keeps these out of sight.
import { webcrypto } from 'node:crypto'

globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey
