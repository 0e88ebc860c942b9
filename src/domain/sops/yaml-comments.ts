import { bytesOf } from './bytes.ts'
import type { Comment } from './tree.ts'
import type { CommentToken } from './yaml-tokens.ts'

/** Hands out a file's comments once each, in their order, to whatever is read around them. */
export class CommentCursor {
  readonly #comments: readonly CommentToken[]
  #next = 0

  constructor(comments: readonly CommentToken[]) {
    this.#comments = comments
  }

  /** All that stand before an offset. */
  before(offset: number): Comment[] {
    return this.#takeWhile((comment) => comment.offset < offset)
  }

  /** Those behind something on its own line, up to an offset. */
  beside(offset: number): Comment[] {
    return this.#takeWhile((comment) => comment.stands === 'beside' && comment.offset < offset)
  }

  /** Those at the end of a block: indented as far as it, before whatever comes next. */
  closing(column: number, offset: number): Comment[] {
    return this.#takeWhile((comment) => comment.column >= column && comment.offset < offset)
  }

  #takeWhile(fits: (comment: CommentToken) => boolean): Comment[] {
    const taken: Comment[] = []
    for (;;) {
      const comment = this.#comments[this.#next]
      if (comment === undefined || !fits(comment)) return taken
      taken.push({ kind: 'comment', text: bytesOf(comment.text), stands: comment.stands })
      this.#next += 1
    }
  }
}

/** What sops puts above the value that follows, whatever line it stood on. */
export function above(comments: readonly Comment[]): Comment[] {
  return comments.map((comment) => ({ ...comment, stands: 'alone' }))
}
