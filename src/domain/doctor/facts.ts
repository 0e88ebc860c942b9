/** Ids that a user may give to the processes of their containers: a line of /etc/subuid or /etc/subgid. */
export interface IdRange {
  readonly first: number
  readonly count: number
}

/** What a file system has left. */
export interface StorageFacts {
  readonly purpose: 'data' | 'images' | 'runtime'
  readonly path: string
  /** Bytes. */
  readonly free: number
  readonly size: number
  /** Files that may still be made, and in all; 0 in all where the file system makes them as it likes. */
  readonly freeFiles: number
  readonly files: number
}

/** This machine as it was found, for judging. */
export interface HostFacts {
  readonly user: { readonly name: string; readonly uid: number }
  /** Whether systemd runs this machine. */
  readonly systemd: 'yes' | 'no'
  /** Where programs were found in the PATH. */
  readonly programs: {
    readonly newuidmap: string | null
    readonly newgidmap: string | null
    readonly pasta: string | null
    readonly slirp4netns: string | null
  }
  readonly subordinate: { readonly uids: readonly IdRange[]; readonly gids: readonly IdRange[] }
  /** `/dev/net/tun`. */
  readonly tun: 'usable' | 'forbidden' | 'absent'
  /** Whether this user's services outlive their sessions; null without systemd. */
  readonly linger: 'yes' | 'no' | null
  /** `/run/user/UID` or what XDG_RUNTIME_DIR names. */
  readonly runtimeDirectory: { readonly path: string; readonly state: 'usable' | 'absent' }
  readonly cgroups: 'v2' | 'v1' | 'hybrid'
  /** Controllers that this user's own services may use; null where nobody delegates. */
  readonly delegated: readonly string[] | null
  readonly dataDirectory: {
    readonly path: string
    readonly state: 'private' | 'open' | 'absent' | 'not-ours' | 'no-directory'
  }
  readonly storage: readonly StorageFacts[]
  /** Whether the clock is kept by time servers; null where nobody tells. */
  readonly timeSync: 'yes' | 'no' | null
}
