/** How rootless containers reach the outside. */
export type NetworkChoice =
  /** As the engine does by itself. */
  | { readonly outcome: 'usual'; readonly by: 'bridge' | 'pasta' | 'slirp4netns' }
  /** The engine's own is not there, and it has to be told of the other. */
  | { readonly outcome: 'other'; readonly by: 'pasta' | 'slirp4netns'; readonly reason: string }
  | { readonly outcome: 'none'; readonly reason: string; readonly remedy: string }
