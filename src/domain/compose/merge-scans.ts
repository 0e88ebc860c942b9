import type { Problem } from '../problem.ts'
import type { ScannedImage, ScannedProject } from './scan.ts'

/**
 * What several projects hold: a line that more than one of them takes is one line, and a problem is told once. Lines that
 * are written in one place and follow different policies are held.
 */
export function mergeScans(
  scans: readonly Omit<ScannedProject, 'services'>[],
): Omit<ScannedProject, 'services'> {
  const images = new Map<string, ScannedImage>()
  const problems = new Map<string, Problem>()
  for (const scan of scans) {
    for (const problem of scan.problems) problems.set(JSON.stringify(problem), problem)
    for (const image of scan.images) {
      const { file, range, target } = image
      const key = JSON.stringify([file, range[0], target.file, target.range[0]])
      const before = images.get(key)
      images.set(key, before === undefined ? image : mergeImages(before, image))
    }
  }
  return {
    images: holdOtherPolicies([...images.values()]),
    problems: [...problems.values()],
    texts: new Map(scans.flatMap(({ texts }) => [...texts])),
  }
}

function mergeImages(a: ScannedImage, b: ScannedImage): ScannedImage {
  const { services, held, origin } = b
  return {
    ...a,
    services: [...new Set([...a.services, ...services])],
    held: a.held ?? held,
    origin: origin === 'build' ? origin : a.origin,
  }
}

/** Lines that are written in one place cannot follow different policies. */
function holdOtherPolicies(images: readonly ScannedImage[]): readonly ScannedImage[] {
  const wishes = new Map<string, Map<string, ScannedImage>>()
  for (const image of images) {
    if (image.target.variable === null || image.policy === null) continue
    const known = wishes.get(targetKey(image)) ?? new Map<string, ScannedImage>()
    wishes.set(targetKey(image), known)
    if (!known.has(wishOf(image))) known.set(wishOf(image), image)
  }
  return images.map((image) => {
    if (image.policy === null || image.held !== null) return image
    const known = wishes.get(targetKey(image))
    if (known === undefined || known.size < 2) return image
    const other = [...known].find(([wish]) => wish !== wishOf(image))?.[1]
    if (other === undefined) return image
    const { file, line, target } = other
    const held = `variable "${target.variable}" is used in ${file}:${line} too, with another policy`
    return { ...image, held }
  })
}

function targetKey({ target }: ScannedImage): string {
  return JSON.stringify([target.file, target.range[0]])
}

function wishOf({ policy, delivery }: ScannedImage): string {
  return JSON.stringify([policy, delivery])
}
