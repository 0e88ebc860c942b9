export type LogFormat = 'pretty' | 'journal' | 'json'

export interface LogSink {
  readonly isTerminal: boolean
  /** `JOURNAL_STREAM`, as systemd sets it. */
  readonly journalStream: string | undefined
  /** Of the stream that is written to. */
  readonly stat: { readonly dev: number | bigint; readonly ino: number | bigint }
}

/**
 * How to write to a stream. `JOURNAL_STREAM` alone proves nothing: it is inherited by whoever redirected us into a file,
 * so it has to name this very stream (systemd.exec(5)).
 */
export function logFormat({ isTerminal, journalStream, stat }: LogSink): LogFormat {
  if (journalStream === `${String(stat.dev)}:${String(stat.ino)}`) return 'journal'
  return isTerminal ? 'pretty' : 'json'
}
