import type { HeldImage } from '../../src/domain/answer/check.ts'
import { MagosError } from '../../src/domain/error.ts'
import { repositoryName } from '../../src/domain/image-reference.ts'
import type { Quarantine } from '../../src/domain/quarantine/quarantine.ts'
import type { Update } from '../../src/domain/update.ts'
import type { Context } from '../context.ts'
import { nothingHeard, type Hearing } from '../heard.ts'
import type { RepositoryView } from '../views.ts'
import type { Unanswered } from './ask-again.ts'
import { askOnce } from './ask-once.ts'
import { chooseImage } from './choose-image.ts'
import { inParallel } from './in-parallel.ts'
import type { Patience } from './patience.ts'
import { lineFault } from './stack-fault.ts'
import { holdLine, type Watched } from './watched-line.ts'

/** An annotated line that stands as it should, and why. */
export interface StandingImage extends Watched {
  readonly reason: string
}

/** What one repository's registry led to for the lines that name it. */
export interface RepositoryAnswer {
  readonly updates: readonly Update[]
  readonly held: readonly HeldImage[]
  readonly unanswered: Unanswered | null
  readonly late: string | null
  readonly standing: readonly StandingImage[]
}

export type AskContext = Pick<Context, 'registry' | 'host' | 'memory' | 'log' | 'now'> & {
  readonly view: Pick<RepositoryView, 'lines'>
  readonly quarantine: Quarantine
  readonly patience: Patience
  readonly hearing: Hearing | null
}

/**
 * A registry is asked about so many repositories at once; the others are nothing yet, and a slow one holds up its own. More
 * would stand in line at its host, which takes eight questions.
 */
const REPOSITORIES_AT_ONCE = 8

/** Asks one registry about all lines that name it. */
export async function askRegistry(
  ctx: AskContext,
  lines: readonly Watched[],
  signal: AbortSignal,
): Promise<readonly RepositoryAnswer[]> {
  const groups = Map.groupBy(lines, ({ current }) => repositoryName(current))
  return inParallel(REPOSITORIES_AT_ONCE, [...groups], ([repository, group]) =>
    askRepository(ctx, repository, group, signal),
  )
}

/** Asks for tags once and for each chosen tag's digest once, however many lines want them. */
async function askRepository(
  ctx: AskContext,
  repository: string,
  lines: readonly Watched[],
  signal: AbortSignal,
): Promise<RepositoryAnswer> {
  const { host, memory, registry, view, quarantine, now, patience, hearing } = ctx
  const updates: Update[] = []
  const held: HeldImage[] = []
  let unanswered: Unanswered | null = null
  const standing: StandingImage[] = []
  const heard = hearing?.recall(repository) ?? nothingHeard
  const ask = askOnce(registry, heard, patience.signal)
  for (const line of lines) {
    const choosing = { host, memory, view, quarantine, now, ask }
    const answer = await chooseImage(choosing, line).catch((error: unknown) =>
      faultOf(error, patience, signal),
    )
    if (answer === 'late') return { ...nothing, late: repository }
    if (answer instanceof MagosError) {
      unanswered ??= { repository, error: answer }
      held.push(refusedLine(ctx, line, answer))
      continue
    }
    if (answer.update !== null) updates.push(answer.update)
    if (answer.standing !== null) standing.push({ ...line, reason: answer.standing })
    held.push(...answer.held)
  }
  hearing?.note(repository, ask.answers())
  if (updates.length > 0) patience.found()
  return { updates, held, unanswered, late: null, standing }
}

const nothing: RepositoryAnswer = {
  updates: [],
  held: [],
  unanswered: null,
  late: null,
  standing: [],
}

/** A registry that answers 404, 401, 429 or nonsense holds this image; being interrupted ends the pass. */
function faultOf(error: unknown, patience: Patience, signal: AbortSignal): MagosError | 'late' {
  signal.throwIfAborted()
  if (patience.isOver()) return 'late'
  const fault = lineFault(error)
  if (fault === null) throw error
  return fault
}

function refusedLine({ log }: Pick<Context, 'log'>, line: Watched, error: MagosError): HeldImage {
  const { message: reason, remedy, code } = error
  const { file, line: number, column, text } = line.image
  if (code === 'internal') log.error({ file, line: number, column, image: text, error }, reason)
  return holdLine(line, { kind: 'problem', reason, ...(remedy === undefined ? {} : { remedy }) })
}
