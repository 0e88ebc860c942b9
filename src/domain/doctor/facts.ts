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

/** A program that writes the id maps of another process's user namespace, which takes rights of its own. */
export interface MappingProgram {
  readonly path: string
  /** `unseen`: it is not setuid, and nobody here can tell its file capabilities. */
  readonly rights: 'setuid' | 'capability' | 'none' | 'unseen'
}

/** A socket of an engine, as connecting to it showed. */
export interface SocketFacts {
  readonly engine: 'podman' | 'docker'
  /** The variable that names it; null for the place where it is by default. */
  readonly variable: 'CONTAINER_HOST' | 'DOCKER_HOST' | null
  /** A path; what the variable says where that is none of this machine. */
  readonly address: string
  readonly state:
    | 'answers'
    | 'absent'
    /** It lies there, and nobody listens. */
    | 'silent'
    | 'forbidden'
    | 'no-socket'
    | 'too-long'
    /** No unix socket, so it may be on another machine. */
    | 'elsewhere'
  /** The group that it belongs to, and whether this user is listed in it; null where it is not there. */
  readonly group: { readonly name: string; readonly lists: 'user' | 'others' } | null
}

/** This machine as it was found, for judging. */
export interface HostFacts {
  readonly user: { readonly name: string; readonly uid: number }
  /** Whether systemd runs this machine. */
  readonly systemd: 'yes' | 'no'
  /** Where programs were found in the PATH. */
  readonly programs: {
    readonly pasta: string | null
    readonly slirp4netns: string | null
  }
  readonly mapping: Readonly<Record<'newuidmap' | 'newgidmap', MappingProgram | null>>
  /** Whether the kernel lets an ordinary user make user namespaces: `off` for nobody, `root-only` as Debian's switch says. */
  readonly userNamespaces: 'allowed' | 'off' | 'root-only'
  /** Whether no child may gain rights: of the one who looks, and of the daemon's service; null where none runs. */
  readonly noNewPrivileges: {
    readonly here: 'yes' | 'no'
    readonly service: 'yes' | 'no' | null
  }
  /** The first port that an ordinary user may listen on. */
  readonly firstPort: number
  readonly sockets: readonly SocketFacts[]
  readonly subordinate: { readonly uids: readonly IdRange[]; readonly gids: readonly IdRange[] }
  /** `/dev/net/tun`. */
  readonly tun: 'usable' | 'forbidden' | 'absent'
  /** Whether this user's services outlive their sessions; null without systemd. */
  readonly linger: 'yes' | 'no' | null
  /** `/run/user/UID` or what XDG_RUNTIME_DIR names. */
  readonly runtimeDirectory: {
    readonly path: string
    readonly state: 'usable' | 'absent' | 'not-ours' | 'forbidden' | 'no-directory'
    /** Whose it is; null where it is not there. */
    readonly owner: string | null
  }
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
