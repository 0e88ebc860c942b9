import { ok, type Check } from '../../src/domain/doctor/check.ts'
import { judgeAsked, type Asked } from '../../src/domain/doctor/outcome.ts'
import { repositoryName } from '../../src/domain/image-reference.ts'
import type { DoctorContext } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import type { Ask } from './ask-within.ts'

/** One repository of each registry that the images of scanned stacks come from. */
export async function examineRegistries(
  { registry }: DoctorContext,
  ask: Ask,
  view: Asked<RepositoryView>,
): Promise<readonly Check[]> {
  if (view.outcome !== 'answered') return []
  const images = (view.answer.lines.scan?.images ?? []).flatMap(({ image }) => image ?? [])
  const registries = [...Map.groupBy(images, (image) => image.registry)].toSorted(
    ([one], [other]) => (one < other ? -1 : 1),
  )
  return Promise.all(
    registries.map(async ([address, [image]]) => {
      const name = `registry ${address}`
      if (image === undefined) return ok(name, 'nothing comes from there')
      const asked = await ask((signal) => registry.tags(image, signal))
      return judgeAsked(name, asked, (tags) =>
        ok(name, `it lists ${tags.length} tags of ${repositoryName(image)}`),
      )
    }),
  )
}
