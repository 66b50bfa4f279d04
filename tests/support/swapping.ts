/**
 * A program that makes `d` of its first argument a directory and a link to its second, by turns, within a millisecond. Says
 * `ready` when it begins.
 */
export const SWAP = `
const { renameSync, symlinkSync } = require('node:fs')
const [dir, outside] = process.argv.slice(1)
symlinkSync(outside, dir + '/link')
process.stdout.write('ready')
const cell = new Int32Array(new SharedArrayBuffer(4))
const rest = () => Atomics.wait(cell, 0, 0, Math.random())
for (;;) {
  try {
    rest(); renameSync(dir + '/d', dir + '/kept'); renameSync(dir + '/link', dir + '/d')
    rest(); renameSync(dir + '/d', dir + '/link'); renameSync(dir + '/kept', dir + '/d')
  } catch {}
}`
