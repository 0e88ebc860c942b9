/** Figures of one bench, as they are printed. */
export interface Table {
  readonly title: string
  /** The first names the rows. */
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** What one has to know to read them. */
  readonly notes: readonly string[]
}

/** For a terminal: the first column to the left, figures to the right. */
export function textTable({ title, columns, rows, notes }: Table): string {
  const all = [columns, ...rows]
  const widths = columns.map((_, column) => Math.max(...all.map((row) => cell(row, column).length)))
  const lines = all.map((row) =>
    widths
      .map((width, column) => {
        const text = cell(row, column)
        return column === 0 ? text.padEnd(width) : text.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
  return [title, ...lines.map((line) => `  ${line}`), ...notes.map((note) => `  ${note}`)].join(
    '\n',
  )
}

/** For the README. */
export function markdownTable({ title, columns, rows, notes }: Table): string {
  const rule = columns.map((_, column) => (column === 0 ? '---' : '---:'))
  const table = [columns, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return [`**${title}**`, '', ...table, '', ...notes].join('\n').trimEnd()
}

function cell(row: readonly string[], column: number): string {
  return row[column] ?? ''
}

export function milliseconds(value: number): string {
  return Number.isNaN(value) ? '–' : `${Math.round(value)} ms`
}

export function megabytes(value: number): string {
  return Number.isNaN(value) ? '–' : `${Math.round(value)} MB`
}

/** How many times the floor. */
export function ratio(value: number, floor: number): string {
  const times = value / floor
  return Number.isFinite(times) ? `${times.toFixed(times < 10 ? 2 : 0)} ×` : '–'
}
