import type { Form } from './forms.ts'

/** What the bench asks of the process within the engine's own namespaces, which writes its answer into a file. */
export interface LoopTask {
  readonly result: string
  readonly forms: { readonly release: Form; readonly source: Form }
}

/** ms from the moment in which GitHub tells of the image. */
export interface Round {
  /** The webhook has its answer. */
  readonly accepted: number
  /** The branch names the new commit, and GitHub tells of it. */
  readonly moved: number
  /** The new version answers. */
  readonly serves: number
  /** GitHub is told, the settle window subtracted. */
  readonly proven: number
}

/** ms that the parts take by themselves, each as a person would run it. */
export interface FloorRound {
  /** `git fetch` of that one commit. */
  readonly fetch: number
  /** `podman pull` of the new digest. */
  readonly pull: number
  /** Podman's service until it listens, which compose needs. */
  readonly service: number
  /** `docker-compose up -d` on a twin of the stack, until the new version answers. */
  readonly serves: number
  /** From then on, until compose ends. */
  readonly ends: number
}

export interface LoopFigures {
  readonly release: readonly Round[]
  readonly source: readonly Round[]
  readonly floor: readonly FloorRound[]
}
