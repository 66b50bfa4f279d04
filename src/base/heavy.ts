/**
 * Modules of Node that bring streams and sockets with them, loaded when they are first used: a server that was only started
 * does without.
 */
export const nodeCrypto = () => process.getBuiltinModule('node:crypto')
export const nodeTty = () => process.getBuiltinModule('node:tty')
