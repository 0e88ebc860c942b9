import { type ErrorCode, MagosError } from '../domain/error.ts'

/** An error as the command line's JSON tells it; what a run that failed for good leaves as its answer. */
export interface ErrorAnswer {
  readonly error: {
    readonly code: ErrorCode
    readonly message: string
    readonly file?: string
    readonly line?: number
    readonly column?: number
    readonly remedy?: string
  }
}

export function toErrorAnswer({ code, message, place, remedy }: MagosError): ErrorAnswer {
  return { error: { code, message, ...place, ...(remedy === undefined ? {} : { remedy }) } }
}

/** The error that an answer stands for; null when it is another answer. */
export function fromErrorAnswer(answer: unknown): MagosError | null {
  if (!isErrorAnswer(answer)) return null
  const { code, message, remedy, file, line, column } = answer.error
  const place = file === undefined ? undefined : { file, ...defined({ line, column }) }
  return new MagosError(code, message, defined({ place, remedy }))
}

/** Only `toErrorAnswer` writes this key, so its presence is enough. */
function isErrorAnswer(answer: unknown): answer is ErrorAnswer {
  return typeof answer === 'object' && answer !== null && 'error' in answer
}

type Defined<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> }

function defined<Fields extends object>(fields: Fields): Defined<Fields> {
  const kept: Defined<Fields> = { ...fields }
  for (const key in kept) if (kept[key] === undefined) delete kept[key]
  return kept
}
