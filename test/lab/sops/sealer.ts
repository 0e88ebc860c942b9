import { randomBytes } from 'node:crypto'
import { armor, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { encrypt, fields, text, type Fields } from './encrypt.ts'
import { writeDotenv, writeJson, writeYaml } from './write.ts'

/** Encrypts whole files to one age identity, as a user's sops would. */
export interface Sealer {
  /** What a host needs to open them. */
  readonly identity: string
  dotenv(values: Readonly<Record<string, string>>): Promise<string>
  /** A file of any content, in SOPS's binary form. */
  binary(content: string): Promise<string>
  yaml(document: Fields): Promise<string>
}

export async function createSealer(): Promise<Sealer> {
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  const seal = async (document: Fields) => {
    const dataKey = randomBytes(32)
    const encrypter = new Encrypter()
    encrypter.addRecipient(recipient)
    const enc = armor.encode(await encrypter.encrypt(dataKey))
    return encrypt({
      documents: [document],
      dataKey,
      metadata: { age: [{ recipient, enc }] },
    })
  }
  return {
    identity,
    dotenv: async (values) => writeDotenv(await seal(texts(values))),
    binary: async (content) => writeJson(await seal(texts({ data: content }))),
    yaml: async (document) => writeYaml(await seal(document)),
  }
}

function texts(values: Readonly<Record<string, string>>): Fields {
  return fields(...Object.entries(values).map(([key, value]) => [key, text(value)] as const))
}
