import type { ScannedImage } from '../../src/domain/compose/scan.ts'
import type { DeliveryMode } from '../../src/domain/delivery.ts'
import { repositoryName } from '../../src/domain/image-reference.ts'
import { proposalGroup } from '../../src/domain/proposal/group.ts'
import { resolveDelivery } from '../../src/domain/proposal/settings.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'

/** Which lines are asked after. */
export interface LineSelection {
  /** Repositories as `registry/path`. */
  readonly repositories: readonly string[] | 'all'
  /** Of pull requests: their whole groups. */
  readonly branches: readonly string[]
  readonly mode: DeliveryMode | 'any'
}

/** Lines that an annotation watches, as far as they are asked after; of a group, all. */
export function selectLines(
  { host }: Pick<Context, 'host'>,
  { settings }: Pick<RepositoryView, 'settings'>,
  images: readonly ScannedImage[],
  { repositories, branches, mode }: LineSelection,
): { readonly annotated: readonly ScannedImage[]; readonly otherwise: number } {
  const { delivery } = settings
  const watched = images.filter(({ annotation }) => annotation !== 'none')
  const isNamed = ({ image }: ScannedImage): boolean =>
    repositories === 'all' || (image !== null && repositories.includes(repositoryName(image)))
  // Only lines that are proposed belong together.
  const apart = repositories === 'all' || mode === 'commit'
  const asked = apart
    ? watched.filter(isNamed)
    : withGroups(watched, isNamed, branches, (image) => {
        return proposalGroup(image, delivery, host.name)?.branch ?? null
      })
  const annotated = asked.filter(
    (image) => mode === 'any' || resolveDelivery(image.delivery, delivery).mode === mode,
  )
  return { annotated, otherwise: asked.length - annotated.length }
}

function withGroups(
  lines: readonly ScannedImage[],
  isNamed: (line: ScannedImage) => boolean,
  branches: readonly string[],
  branchOf: (line: ScannedImage) => string | null,
): readonly ScannedImage[] {
  const asked = new Set<string | null>([...lines.filter(isNamed).map(branchOf), ...branches])
  asked.delete(null)
  return lines.filter((line) => isNamed(line) || asked.has(branchOf(line)))
}
