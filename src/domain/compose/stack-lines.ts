import type { ImageLine } from './image-line.ts'
import { locateImages } from './locate-images.ts'
import { noFiles } from './project-files.ts'
import { readProject } from './project.ts'
import { scanComposeFile, type ScannedImage } from './scan.ts'
import { parentOf } from './tree-path.ts'

/** What each service of each file runs, defaults of variables put in. */
export type StackLines = ReadonlyMap<string, string>

/** Texts of a stack's compose files by their paths. */
export type StackTexts = ReadonlyMap<string, string>

/** The reference of every service, whatever its annotation says. */
export function stackLines(texts: StackTexts): StackLines {
  const lines = [...texts].flatMap(([file, text]) =>
    linesOf(file, text).flatMap((line) =>
      line.services.map((service) => [lineKey(file, service), lineText(line)] as const),
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
    const obstacles = new Map(
      linesOf(file, text).map(({ range, obstacle }) => [range[0], obstacle]),
    )
    const { images } = scanComposeFile(file, text, settings)
    return images.map((image) => heldBy(image, obstacles.get(image.range[0]) ?? null))
  })
}

/** What a line runs, as far as it is known; else what is written there. */
export function lineText({ image, text }: Pick<ImageLine, 'image' | 'text'>): string {
  return image?.text ?? text
}

export function lineKey(file: string, service: string): string {
  return `${file}\0${service}`
}

function linesOf(file: string, text: string): readonly ImageLine[] {
  const source = { files: [{ path: file, text }], directory: parentOf(file) }
  return locateImages(readProject(source, noFiles)).lines
}

function heldBy(image: ScannedImage, held: string | null): ScannedImage {
  return { ...image, held }
}
