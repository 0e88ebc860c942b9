/** Labels that Magos writes on every container, and on what is made beside it; the commit id is never among them, for it would recreate everything. */
export const LABEL = {
  /** Name of the stack. */
  stack: 'magos.stack',
  /** Our own hash of the service, without its image. */
  hash: 'magos.hash',
  /** The stable directory. */
  home: 'magos.home',
  /** Keyed digests of the decrypted files that the container reads, by commas. */
  secrets: 'magos.secrets',
  /** On a network or a volume that is made: what its definition said then. */
  definition: 'magos.definition',
} as const
