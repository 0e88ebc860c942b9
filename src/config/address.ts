import { isIP } from 'node:net'

import type { ListenAddress } from './config.ts'
import type { Parsed } from './problem.ts'

const LISTEN = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^[\]:]+)):(?<port>\d{1,5})$/
const HOST_NAME = /^(?!-)[A-Za-z0-9.-]{1,253}$/

/** Reads `host:port`; an IPv6 address stands in brackets. */
export function parseListen(text: string): Parsed<ListenAddress> {
  const groups = LISTEN.exec(text)?.groups
  const host = groups?.['v6'] ?? groups?.['name'] ?? ''
  const port = Number(groups?.['port'])
  const known = groups?.['v6'] === undefined ? isHost(host) : isIP(host) === 6
  if (!known || !(port <= 65_535)) {
    return {
      refusal: `address ${JSON.stringify(text)}: expected host:port, such as 127.0.0.1:8787 or [::1]:8787`,
    }
  }
  return { value: { host, port } }
}

/** Reads an http(s) address of GitHub's. Tokens travel there, so without TLS it must be this machine. */
export function parseServerUrl(text: string): Parsed<string> {
  const url = URL.parse(text)
  const plain = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (url === null || !plain || url.username + url.password + url.search + url.hash !== '') {
    return { refusal: 'address: expected an https URL without user name, query and fragment' }
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return {
      refusal: `address ${JSON.stringify(text)}: expected https, since tokens are sent there`,
    }
  }
  return { value: url.href.replace(/\/+$/, '') }
}

function isHost(text: string): boolean {
  // what looks like digits and dots alone must be an address
  return isIP(text) === 4 || (HOST_NAME.test(text) && !/^[\d.]+$/.test(text))
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
