import type { Problem, ScannedImage } from '../src/domain/compose/scan.ts'
import type { SealedPaths } from '../src/domain/compose/sealed.ts'
import type { RepositorySettings } from '../src/domain/repository-settings.ts'
import type { Revision, TreeEntry } from '../src/domain/revision.ts'
import type { RefusedStack, Stack } from '../src/domain/stack.ts'
import type { Choice } from '../src/domain/update.ts'

/** The repository at one revision, as far as this host is concerned. */
export interface RepositoryView {
  readonly revision: Revision
  readonly entries: ReadonlyMap<string, TreeEntry>
  readonly settings: RepositorySettings
  /** Stacks that belong to this host. */
  readonly stacks: readonly Stack[]
  /** Directories of every stack, of other hosts too. */
  readonly directories: readonly string[]
  readonly refused: readonly RefusedStack[]
  readonly problems: readonly Problem[]
  /** Texts of the stacks' compose files, as far as they can be read. */
  readonly texts: ReadonlyMap<string, string>
  /** What each stack refers to by its NAME, filled as stacks are read. */
  readonly referred: Map<string, ReferredStack>
  /** What its image lines say, filled when they are asked for. */
  readonly lines: ImageLines
  /** The name that a stack's containers carry as their project. */
  project(stack: Stack): string
}

/** What a stack is made of, as far as its commit tells. */
export interface ReferredStack {
  /** Its tracked files, its own and those that it refers to. */
  readonly entries: readonly TreeEntry[]
  /** Files that git does not hold and Compose would read where they are. */
  readonly untracked: readonly string[]
  readonly sealed: SealedPaths
}

export interface ImageLines {
  /** null while nobody asked. */
  scan: StackScan | null
  /** What the policy of a line chose last, and of which tags. */
  readonly choices: WeakMap<
    ScannedImage,
    { readonly tags: readonly string[]; readonly choice: Choice }
  >
}

/** The image lines of the stacks whose updates this host commits. */
export interface StackScan {
  readonly texts: ReadonlyMap<string, string>
  readonly images: readonly ScannedImage[]
  readonly problems: readonly Problem[]
  /** Names of the stacks that a file belongs to. */
  readonly stacksOf: (file: string) => readonly string[]
}

/**
 * The repository as it was read at the commits looked at last. A commit never changes, so what was made of it holds;
 * forgetting it costs time only.
 */
export interface Views {
  recall(commit: string): RepositoryView | null
  remember(view: RepositoryView): void
  /** Notes that this process reported what came of a stack, or of the whole host (null), at a commit. */
  tell(subject: string | null, commit: string): void
  wasTold(subject: string | null, commit: string): boolean
}

/** Two by default: the branch head, and what it was when a pass that is still under way began. */
export function createViews({ keep = 2 }: { readonly keep?: number } = {}): Views {
  let views: readonly RepositoryView[] = []
  const told = new Map<string | null, string>()
  return {
    recall: (commit) => views.find(({ revision }) => revision.commit === commit) ?? null,
    remember(view) {
      views = [view, ...views].slice(0, keep)
    },
    tell: (subject, commit) => void told.set(subject, commit),
    wasTold: (subject, commit) => told.get(subject) === commit,
  }
}
