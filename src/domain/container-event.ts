/** What happened to one container of a compose project, as far as Magos has to look again. */
export interface ContainerEvent {
  /**
   * `stopped`: by the engine's own stop, which somebody asked for; `killed`: by its kill; `died`: the process ended, for
   * whatever reason; `missed`: events were lost, so anything may have happened.
   */
  readonly kind: 'started' | 'died' | 'stopped' | 'killed' | 'removed' | 'missed'
  /** Full id; empty where events were missed, as are the two below. */
  readonly container: string
  readonly project: string
  readonly service: string
}
