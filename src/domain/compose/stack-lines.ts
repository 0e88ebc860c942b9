import type { ScannedImage } from './scan.ts'

/** What each service of a stack runs, by the file that says so, defaults of variables put in. */
export type StackLines = ReadonlyMap<string, string>

/** The reference of every service, whatever its annotation says. */
export function stackLines(images: readonly ScannedImage[]): StackLines {
  return new Map(
    images.flatMap((image) =>
      image.services.map((service) => [lineKey(image.file, service), lineText(image)] as const),
    ),
  )
}

/** What a line runs, as far as it is known; else what is written there. */
export function lineText({ image, text }: Pick<ScannedImage, 'image' | 'text'>): string {
  return image?.text ?? text
}

export function lineKey(file: string, service: string): string {
  return `${file}\0${service}`
}
