import type { ScannedImage } from '../../src/domain/compose/scan.ts'
import { proposalGroup, type ProposalGroup } from '../../src/domain/proposal/group.ts'
import type { DeliverySettings } from '../../src/domain/proposal/settings.ts'
import type { Update } from '../../src/domain/update.ts'
import type { FoundUpdates } from './find-updates.ts'

/** A group with what was found for it. */
export interface FoundGroup extends ProposalGroup {
  readonly updates: readonly Update[]
  /** `whole`: each of its lines has an update, or stands as it should. */
  readonly known: 'whole' | 'partly'
}

export function groupProposals(
  found: Pick<FoundUpdates, 'lines' | 'updates' | 'standing' | 'problems'>,
  settings: DeliverySettings,
  host: string,
): readonly FoundGroup[] {
  const groups = new Map<string, { group: ProposalGroup; lines: ScannedImage[] }>()
  for (const line of found.lines) {
    const group = proposalGroup(line, settings, host)
    if (group === null) continue
    const known = groups.get(group.branch) ?? { group, lines: [] }
    groups.set(group.branch, known)
    known.lines.push(line)
  }
  const updates = Map.groupBy(found.updates, ({ image }) => placeOf(image))
  const answered = new Set([
    ...updates.keys(),
    ...found.standing.map(({ image }) => placeOf(image)),
  ])
  // A line of the group may stand in a file that nobody could read.
  const readable = found.problems.every(({ severity }) => severity !== 'error')
  return [...groups.values()].map(({ group: { group, name, branch }, lines }) => ({
    group,
    name,
    branch,
    updates: lines.flatMap((line) => updates.get(placeOf(line)) ?? []),
    known: readable && lines.every((line) => answered.has(placeOf(line))) ? 'whole' : 'partly',
  }))
}

function placeOf({ file, line, column }: ScannedImage): string {
  return `${file}:${line}:${column}`
}
