import type { VersionsAnswer } from '../domain/answer/hold.ts'
import type { ExitCode, Io } from './io.ts'

/** Prints which versions are held or released now. That it was so already is no trouble. */
export function printVersions(io: Io, answer: VersionsAnswer): ExitCode {
  const { image, outcome, versions, commits } = answer
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else if (outcome === 'unchanged') io.write(`${image}: nothing to do, it is so already\n`)
  else {
    for (const commit of commits) io.write(`committed ${commit}\n`)
    for (const { tag, digest, reason } of versions) {
      const name = `${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`
      const was = outcome === 'released' ? '; it was held' : ''
      const why = reason === '' ? '' : `: ${reason}`
      io.write(`${image}${name} is ${outcome}${was}${why}\n`)
    }
  }
  return 0
}
