import { styleText } from 'node:util'
import { fitLine, layOutStep, TEXT_COLUMN, wrapText, type Frame, type Step } from './timeline.ts'

type Style = Parameters<typeof styleText>[0]

/** Where the demo tells what happens. Colours only where the terminal has them and NO_COLOR does not forbid it. */
export interface Screen {
  /** A line as it is, or an empty one. */
  line(text?: string, style?: Style): void
  /** Begins a chapter. */
  heading(text: string): void
  /** Something that is so, under its name. */
  fact(name: string, text: string, style?: Style): void
  step(step: Step, origin: number): void
  /** Lines of a diff, with their signs. */
  diff(lines: readonly string[]): void
  /** A command that somebody could type, or would have run. */
  command(text: string): void
}

const NAME = 12
const TONES: Readonly<Record<NonNullable<Step['tone']>, Style>> = {
  plain: 'reset',
  good: 'green',
  bad: ['bold', 'red'],
}

export function createScreen(stream: NodeJS.WriteStream): Screen {
  const paint = (style: Style, text: string) =>
    style === 'reset' ? text : styleText(style, text, { stream })
  const write = (text: string) => void stream.write(`${text}\n`)
  const columns = () => (stream.isTTY ? stream.columns : 0)
  const frame = (origin: number): Frame => ({ origin, columns: columns() })
  return {
    line: (text = '', style = 'reset') => write(text === '' ? '' : paint(style, text)),
    heading: (text) => write(`\n${paint('bold', text)}`),
    fact(name, text, style = 'reset') {
      const indent = NAME + 4
      const [first = '', ...rest] = wrapText(text, columns() === 0 ? 0 : columns() - indent)
      write(`  ${paint('dim', name.padEnd(NAME))}  ${paint(style, first)}`)
      for (const line of rest) write(`${' '.repeat(indent)}${paint(style, line)}`)
    },
    step(step, origin) {
      const { at, took, phase, lines } = layOutStep(step, frame(origin))
      const style = TONES[step.tone ?? 'plain']
      const [first = '', ...rest] = lines
      const head = [paint('dim', at), paint('cyan', took), paint('bold', phase)].join('  ')
      write(`${head}  ${paint(style, first)}`)
      for (const line of rest) write(`${' '.repeat(TEXT_COLUMN)}${paint(style, line)}`)
    },
    diff(lines) {
      for (const line of lines) {
        write(`  ${paint(line.startsWith('+') ? 'green' : 'red', fitLine(line, columns() - 2))}`)
      }
    },
    command: (text) => write(`    ${paint('yellow', `$ ${text}`)}`),
  }
}
