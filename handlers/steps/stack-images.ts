import { editableLines } from '../../src/domain/compose/stack-lines.ts'
import type { ScannedImage } from '../../src/domain/compose/scan.ts'
import { repositoryName } from '../../src/domain/image-reference.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { RepositoryView } from '../views.ts'

/** The image lines of a stack at the revision, for somebody who takes no heed of annotations. */
export function stackImages(view: RepositoryView, { files }: Stack): readonly ScannedImage[] {
  const texts = new Map([...view.texts].filter(([file]) => files.includes(file)))
  return editableLines(texts, view.settings)
}

/** As `registry/path`. */
export function repositoriesOf(images: readonly ScannedImage[]): ReadonlySet<string> {
  return new Set(images.flatMap(({ image }) => (image === null ? [] : [repositoryName(image)])))
}
