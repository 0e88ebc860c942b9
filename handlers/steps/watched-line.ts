import type { HeldImage } from '../../src/domain/answer/check.ts'
import type { ScannedImage } from '../../src/domain/compose/scan.ts'
import type { ImageReference } from '../../src/domain/image-reference.ts'
import type { Obstacle } from '../../src/domain/policy/rules.ts'
import type { Policy } from '../../src/domain/policy/policy.ts'

/** An annotated line that may be edited. */
export interface Watched {
  readonly image: ScannedImage
  readonly current: ImageReference
  readonly policy: Policy
}

/** How a line is held: `waits` where time alone will change it. */
export function holdLine({ image }: Pick<Watched, 'image'>, why: Partial<Obstacle>): HeldImage {
  const { file, line, column, text } = image
  const { kind = 'waits', reason = '', remedy } = why
  return {
    file,
    line,
    column,
    image: text,
    reason,
    ...(remedy === undefined ? {} : { remedy }),
    kind,
  }
}
