/**
 * Modules of Node that bring streams and sockets with them, loaded when they are first used: a server that was only started
 * does without.
 */
export const nodeCrypto = (): typeof import('node:crypto') => (crypto ??= process.getBuiltinModule('node:crypto'))
export const nodeTty = () => process.getBuiltinModule('node:tty')

let crypto: typeof import('node:crypto') | undefined
