/** The shortest digits that give a float back, and where its point stands: 0.0025 is `25` with exponent -3. */
interface Digits {
  readonly sign: string
  readonly digits: string
  readonly exponent: number
}

/** Without an exponent, as ciphertexts and the MAC hold floats: Go's format `f`. */
export function plainFloat(value: number): string {
  const special = specialFloat(value)
  if (special !== null) return special
  const { sign, digits, exponent } = digitsOf(value)
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  if (digits.length <= exponent + 1) return `${sign}${digits.padEnd(exponent + 1, '0')}`
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}

/** With an exponent below 1e-4 and from 1e6 on, as sops shows floats: Go's format `g`. */
export function shortFloat(value: number): string {
  const special = specialFloat(value)
  if (special !== null) return special
  const { sign, digits, exponent } = digitsOf(value)
  if (exponent >= -4 && exponent < 6) return plainFloat(value)
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
  const power = String(Math.abs(exponent)).padStart(2, '0')
  return `${sign}${digits.slice(0, 1)}${fraction}e${exponent < 0 ? '-' : '+'}${power}`
}

function specialFloat(value: number): string | null {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : null
}

function digitsOf(value: number): Digits {
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [mantissa = '0', power = '0'] = Math.abs(value).toExponential().split('e')
  return { sign, digits: mantissa.replace('.', ''), exponent: Number(power) }
}
