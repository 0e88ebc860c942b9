/** Why a service becomes another. */
export interface Reason {
  readonly text: string
  /** `possible` where only provider and engine can tell. */
  readonly certainty: 'certain' | 'possible'
}

export function certain(text: string): Reason {
  return { text, certainty: 'certain' }
}

export function possible(text: string): Reason {
  return { text, certainty: 'possible' }
}
