import type { Dice } from '../domain/compose/compose-maker.ts'
import { failing, reset, secondaryLimit, type FaultPlan } from '../lab/github/faults.ts'

/** Plans something that goes wrong at GitHub, once or a few times; says what. */
export function planFault(dice: Dice, faults: FaultPlan): string {
  const skip = dice(0, 0, 1, 2)
  const ref = { method: 'PATCH', path: /\/git\/refs\/heads/u }
  const write = { method: 'POST', path: /\/repos\// }
  return dice(
    () => {
      faults.add({ ...ref, fault: reset('after'), times: dice(1, 1, 2) })
      return 'ref moved without an answer'
    },
    () => {
      faults.add({ ...ref, fault: reset('before'), times: dice(1, 2, 4) })
      return 'ref not moved without an answer'
    },
    () => {
      faults.add({ ...ref, fault: failing(502, 'Server Error', { when: 'after' }) })
      return 'ref moved and 502'
    },
    () => {
      faults.add({ ...ref, fault: failing(503, 'No server is available'), times: dice(1, 3) })
      return 'ref not moved and 503'
    },
    () => {
      faults.add({
        ...write,
        fault: failing(502, 'Server Error', { when: dice('before', 'after') }),
        skip,
      })
      return '502 for a write'
    },
    () => {
      faults.add({ ...write, fault: secondaryLimit(dice(60, null), dice(403, 429)), skip })
      return 'secondary limit'
    },
    () => {
      faults.add({ path: /\/info\/refs$/u, fault: failing(503, 'No server is available'), skip })
      return 'git not served'
    },
    () => {
      faults.add({
        path: /\/pulls/u,
        fault: reset(dice('before', 'after')),
        times: dice(1, 2),
        skip,
      })
      return 'pull requests without an answer'
    },
  )()
}
