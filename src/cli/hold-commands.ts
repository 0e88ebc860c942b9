import type { VersionsAnswer } from '../domain/answer/hold.ts'
import type { Adding } from './adding.ts'
import type { ExitCode, Io } from './io.ts'
import type { Operations } from './operations.ts'

/** What a person decides over a stack of this host. */
export function addHoldCommands(
  operations: Pick<
    Operations,
    'hold' | 'holdVersions' | 'release' | 'releaseVersions' | 'rollback'
  >,
  { add, choose }: Adding,
): void {
  add('hold <stack|version>', 'leave a stack of this host as it is, or never pick IMAGE:TAG')
    .option('--reason <text>', 'why, for whoever looks at it later')
    .action((name: string, { reason = '' }: { readonly reason?: string }) =>
      choose(async (io) => {
        if (isImage(name)) return tellVersions(io, await operations.holdVersions(name, reason))
        const { printHold } = await import('./hold.ts')
        return printHold(io, await operations.hold(name, reason))
      }),
    )
  add('release <stack|image>', 'end the hold of a stack, or let versions of an image be picked')
    .option('--reason <text>', 'why; for an image')
    .action((name: string, { reason = '' }: { readonly reason?: string }) =>
      choose(async (io) => {
        if (isImage(name)) return tellVersions(io, await operations.releaseVersions(name, reason))
        const { printRelease } = await import('./release.ts')
        return printRelease(io, await operations.release(name))
      }),
    )
  add('rollback <stack>', "put a stack's images back, list what they replace, and deploy")
    .option('--to <commit>', 'as they stood there; default: the last proven state before')
    .action((stack: string, { to }: { readonly to?: string }) =>
      choose(async (io) => {
        const { printRollback } = await import('./rollback.ts')
        return printRollback(io, await operations.rollback(stack, to ?? null))
      }),
    )
}

/** No stack's name holds any of these; an image of one word is named by its tag or as docker.io/library/NAME. */
function isImage(name: string): boolean {
  return /[/:@.]/u.test(name)
}

async function tellVersions(io: Io, answer: VersionsAnswer): Promise<ExitCode> {
  const { printVersions } = await import('./versions.ts')
  return printVersions(io, answer)
}
