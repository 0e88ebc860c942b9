import type { Rule } from './rule.ts'
import type { Comment } from './tree.ts'

/** Tells of every value on the way through a tree whether the file's rule has it encrypted. */
export interface Selection {
  /** What the rule says of values here, before any comment or key below. */
  readonly encrypted: boolean
  /** The same below a key. */
  below(key: Uint8Array): Selection
  /** A list's or a mapping's own items, whose comments speak for the item behind them. */
  items(): ItemSelection
}

export interface ItemSelection {
  /** Takes a comment in, and says whether it is encrypted itself: the one that a rule names stays clear. */
  comment(comment: Comment): boolean
  /** For the next item that is no comment, with all below it. */
  next(): Selection
  /** That item is over, and what the comments before it said. */
  pass(): void
}

export function selectBy(rule: Rule): Selection {
  return selection(rule, false)
}

/** `matched`: by a key of the path, or by a comment that speaks for something around this. */
function selection(rule: Rule, matched: boolean): Selection {
  return {
    encrypted: isEncrypted(rule, matched),
    below: (key) =>
      rule.of === 'key' && !matched && rule.test(key)
        ? selection(rule, true)
        : selection(rule, matched),
    items: () => itemSelection(rule, matched),
  }
}

function itemSelection(rule: Rule, matched: boolean): ItemSelection {
  let spoken = matched
  return {
    comment({ text }) {
      if (rule.of === 'key') return isEncrypted(rule, matched)
      const before = spoken
      spoken ||= rule.test(text)
      return isEncrypted(rule, rule.match === 'encrypted' ? before : spoken)
    },
    next: () => selection(rule, spoken),
    pass() {
      spoken = matched
    },
  }
}

function isEncrypted(rule: Rule, matched: boolean): boolean {
  return rule.match === 'encrypted' ? matched : !matched
}
