import type { Account, State } from './state.ts'

/** The account of that name; made where there is none. */
export function account(state: State, login: string, type: Account['type']): Account {
  const found = state.accounts.get(login) ?? { id: state.nextId(), login, type }
  state.accounts.set(login, found)
  return found
}
