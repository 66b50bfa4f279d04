import { BlockList, isIP } from 'node:net'

/**
 * Addresses that are not of the public internet: private, loopback, link-local, shared, documentation, multicast and reserved
 * ones (IANA special-purpose registries, RFC 6890), and IPv6 forms that carry an IPv4 address.
 */
const V4 = `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
  192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4`
const V6 = `::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 fc00::/7 fe80::/10
  fec0::/10 ff00::/8`
/** A list each: an IPv4 address would match the mapped form among the others. */
const RESERVED = { ipv4: reserved('ipv4', V4), ipv6: reserved('ipv6', V6) }

function reserved(family: 'ipv4' | 'ipv6', ranges: string): BlockList {
  const list = new BlockList()
  for (const range of ranges.split(/\s+/)) {
    const [network, bits] = range.split('/')
    list.addSubnet(network!, Number(bits), family)
  }
  return list
}

export function isPublic(address: string): boolean {
  const version = isIP(address)
  if (version === 0) return false
  const family = version === 4 ? 'ipv4' : 'ipv6'
  return !RESERVED[family].check(address, family)
}

/** A host of a URL that is no name but a private address, or the name of this machine. Resolves nothing. */
export function isPrivateHost(host: string): boolean {
  const address = addressIn(host)
  if (address !== null) return !isPublic(address)
  return /(?:^|\.)localhost\.?$/i.test(host)
}

/** The address that a host of a URL spells out; null for a name. */
export const addressIn = (host: string): string | null => {
  const bare = host.replace(/^\[|\]$/g, '')
  return isIP(bare) ? bare : null
}
