import type { Problem } from '../problem.ts'
import type { ScannedImage, ScannedProject } from './scan.ts'

/**
 * What several projects hold: a line that more than one of them takes is one line, and a problem is told once. Lines that
 * are written in one place and follow different policies are held.
 */
export function mergeScans(scans: readonly ScannedProject[]): ScannedProject {
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
  const targets = Map.groupBy(images, targetKey)
  return images.map((image) => {
    if (image.target.variable === null || image.held !== null) return image
    const other = targets
      .get(targetKey(image))
      ?.find((one) => one.policy !== null && image.policy !== null && !isSameWish(one, image))
    if (other === undefined) return image
    const { file, line, target } = other
    const held = `variable "${target.variable}" is used in ${file}:${line} too, with another policy`
    return { ...image, held }
  })
}

function targetKey({ target }: ScannedImage): string {
  return JSON.stringify([target.file, target.range[0]])
}

function isSameWish(a: ScannedImage, b: ScannedImage): boolean {
  return JSON.stringify([a.policy, a.delivery]) === JSON.stringify([b.policy, b.delivery])
}
