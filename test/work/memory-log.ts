import type { Log, LogFields } from '../../src/ports.ts'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: LogFields
  readonly message: string
}

/** A log that keeps its lines. */
export function memoryLog(lines: LogLine[] = [], bound: LogFields = {}): Log {
  const write = (level: LogLine['level']) => (fields: LogFields, message: string) => {
    lines.push({ level, fields: { ...bound, ...fields }, message })
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => memoryLog(lines, { ...bound, ...fields }),
  }
}
