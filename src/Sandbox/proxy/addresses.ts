import { BlockList, isIP } from "node:net"
import { networkInterfaces } from "node:os"

type Range = readonly [net: string, prefix: number, what: string]

/** Of IPv4, what is not the public internet (IANA's special-purpose registry), and one cloud's service for its machines. */
const special4: ReadonlyArray<Range> = [
  ["0.0.0.0", 8, "this host"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "carrier-grade NAT"],
  ["127.0.0.0", 8, "loopback"],
  ["169.254.0.0", 16, "link-local"],
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "protocol assignments"],
  ["192.0.2.0", 24, "documentation"],
  ["192.88.99.0", 24, "6to4 relay"],
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "benchmarking"],
  ["198.51.100.0", 24, "documentation"],
  ["203.0.113.0", 24, "documentation"],
  ["224.0.0.0", 4, "multicast"],
  ["240.0.0.0", 4, "reserved"],
  ["168.63.129.16", 32, "cloud metadata"]
]

/** Of IPv6 only this is the public internet, and not what follows. Mapped, NAT64, local and multicast addresses lie outside of it. */
const global6 = ["2000::", 3] as const
const special6: ReadonlyArray<Range> = [
  ["2001::", 32, "Teredo"],
  ["2001::", 23, "protocol assignments"],
  ["2001:db8::", 32, "documentation"],
  ["2002::", 16, "6to4"],
  ["3fff::", 20, "documentation"]
]

const listOf = (net: string, prefix: number, family: "ipv4" | "ipv6") => {
  const list = new BlockList()
  list.addSubnet(net, prefix, family)
  return list
}

const lists = (ranges: ReadonlyArray<Range>, family: "ipv4" | "ipv6") =>
  ranges.map(([net, prefix, what]) => ({ list: listOf(net, prefix, family), what }))

const refused4 = lists(special4, "ipv4")
const refused6 = lists(special6, "ipv6")
const public6 = listOf(...global6, "ipv6")

/** Why an address is not one of the public internet, undefined when it is. What cannot be read is not. */
export const specialPurpose = (address: string): string | undefined => {
  const family = isIP(address)
  if (family === 4) return refused4.find(({ list }) => list.check(address, "ipv4"))?.what
  if (family !== 6 || address.includes("%")) return "not an address"
  if (!public6.check(address, "ipv6")) return "not a global address"
  return refused6.find(({ list }) => list.check(address, "ipv6"))?.what
}

const ownAddresses = () => {
  const own = new BlockList()
  for (const { address, family } of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
    own.addAddress(address, family === "IPv6" ? "ipv6" : "ipv4")
  }
  return own
}

/** The same, this machine's own addresses refused as well: services that listen there are often meant for itself alone. */
export const addressProblem = (address: string): string | undefined => {
  const problem = specialPurpose(address)
  if (problem !== undefined) return problem
  return ownAddresses().check(address, isIP(address) === 6 ? "ipv6" : "ipv4") ? "this machine" : undefined
}
