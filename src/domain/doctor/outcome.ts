import type { MagosError } from '../error.ts'
import { fail, type Check } from './check.ts'

/** What came of asking somebody outside. */
export type Asked<Answer> =
  | { readonly outcome: 'answered'; readonly answer: Answer }
  | { readonly outcome: 'failed'; readonly error: MagosError }
  /** Nothing came while the doctor waited. */
  | { readonly outcome: 'silent' }

const UNREACHED = 'Check that it runs and can be reached from here'

/** The check of an answer, or of there being none. */
export function judgeAsked<Answer>(
  name: string,
  asked: Asked<Answer>,
  judge: (answer: Answer) => Check,
): Check {
  switch (asked.outcome) {
    case 'answered':
      return judge(asked.answer)
    case 'failed': {
      const { code, message, remedy } = asked.error
      const usual = code === 'network' ? UNREACHED : 'Put right what it says, then look again'
      return fail(name, message, remedy ?? usual)
    }
    case 'silent':
      return fail(name, 'no answer came in time', UNREACHED)
  }
}
