import type { MagosError } from '../error.ts'
import { fail, type Check } from './check.ts'

/** What came of asking somebody outside. */
export type Asked<Answer> =
  | { readonly outcome: 'answered'; readonly answer: Answer }
  | { readonly outcome: 'failed'; readonly error: MagosError }
  /** Nothing came while the doctor waited. */
  | { readonly outcome: 'silent' }

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
      const { message, remedy } = asked.error
      return fail(name, message, remedy ?? 'Put right what it says, then look again')
    }
    case 'silent':
      return fail(name, 'no answer came in time', 'Check that it runs and can be reached from here')
  }
}
