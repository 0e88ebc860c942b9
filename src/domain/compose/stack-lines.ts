import { locateImages } from './image-line.ts'
import { scanComposeFile, type ScannedImage } from './scan.ts'
import { parseYamlFile } from './yaml-file.ts'

/** What each service of each file runs, as it is written. */
export type StackLines = ReadonlyMap<string, string>

/** Texts of a stack's compose files by their paths. */
export type StackTexts = ReadonlyMap<string, string>

/** The reference of every service, whatever its annotation says. */
export function stackLines(texts: StackTexts): StackLines {
  const lines = [...texts].flatMap(([file, text]) =>
    locateImages(parseYamlFile(file, text)).lines.flatMap(({ services, text: image }) =>
      services.map((service) => [lineKey(file, service), image] as const),
    ),
  )
  return new Map(lines)
}

/** The image lines for somebody who takes no heed of annotations: only what makes an edit inexact holds one. */
export function editableLines(
  texts: StackTexts,
  settings: Parameters<typeof scanComposeFile>[2],
): readonly ScannedImage[] {
  return [...texts].flatMap(([file, text]) => {
    const { lines } = locateImages(parseYamlFile(file, text))
    const obstacles = new Map(lines.map(({ range, obstacle }) => [range[0], obstacle]))
    const { images } = scanComposeFile(file, text, settings)
    return images.map((image) => heldBy(image, obstacles.get(image.range[0]) ?? null))
  })
}

function heldBy(image: ScannedImage, held: string | null): ScannedImage {
  return { ...image, held }
}

export function lineKey(file: string, service: string): string {
  return `${file}\0${service}`
}
