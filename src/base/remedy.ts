import { codeOf } from './errors.ts'
import { withoutStop } from './text.ts'

const PERMISSIONS = 'Its permissions forbid that: change them, or choose another place.'
const IN_THE_WAY = 'A file stands where a directory is needed: move it away, or choose another place.'

const REMEDIES: Record<string, string> = {
  ENOSPC: 'The disk is full: free some disk space.',
  EDQUOT: 'The disk quota is used up: free some disk space.',
  EFBIG: 'No file may grow so large here: free some disk space, or raise the limit (ulimit -f).',
  EROFS: 'It is on a read-only file system: choose another place.',
  EACCES: PERMISSIONS,
  EPERM: PERMISSIONS,
  ENOTDIR: IN_THE_WAY,
  EEXIST: IN_THE_WAY,
  EISDIR: 'It is a directory, and a file is needed: name a file.',
  ENOENT: 'It does not exist: check the path.',
  ELOOP: 'Its links lead into a loop: correct them.',
  ENAMETOOLONG: 'The path is too long: choose a shorter one.',
  EMFILE: 'Too many files are open: raise the limit (ulimit -n).',
  ENFILE: 'Too many files are open on this machine: close some programs.',
  EIO: 'The disk reports a failure: look at the log of the system.',
}

/** `what` failed because of `error`: with what a person can do about it, where that is a failed call of the file system. */
export function withRemedy(what: string, error: unknown): string {
  const remedy = REMEDIES[codeOf(error)]
  return remedy ? `${withoutStop(what)}. ${remedy}` : what
}
