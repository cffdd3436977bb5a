import { assert, describe, it } from "@effect/vitest"
import { networkInterfaces } from "node:os"
import { addressProblem, specialPurpose } from "../../../src/Sandbox/proxy/addresses.ts"

describe("specialPurpose", () => {
  it.each([
    ["0.0.0.0", "this host"],
    ["0.255.255.255", "this host"],
    ["10.0.0.1", "private"],
    ["10.255.255.255", "private"],
    ["100.64.0.1", "carrier-grade NAT"],
    ["100.100.100.200", "carrier-grade NAT"],
    ["100.127.255.255", "carrier-grade NAT"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["169.254.169.254", "link-local"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.0.0.192", "protocol assignments"],
    ["192.0.2.1", "documentation"],
    ["192.88.99.1", "6to4 relay"],
    ["192.168.1.1", "private"],
    ["198.18.0.1", "benchmarking"],
    ["198.19.255.255", "benchmarking"],
    ["198.51.100.7", "documentation"],
    ["203.0.113.7", "documentation"],
    ["224.0.0.1", "multicast"],
    ["239.255.255.250", "multicast"],
    ["240.0.0.1", "reserved"],
    ["255.255.255.255", "reserved"],
    ["168.63.129.16", "cloud metadata"],
    ["::", "not a global address"],
    ["::1", "not a global address"],
    ["::ffff:127.0.0.1", "not a global address"],
    ["::ffff:8.8.8.8", "not a global address"],
    ["::ffff:0:10.0.0.1", "not a global address"],
    ["::10.0.0.1", "not a global address"],
    ["64:ff9b::a00:1", "not a global address"],
    ["64:ff9b:1::1", "not a global address"],
    ["100::1", "not a global address"],
    ["fc00::1", "not a global address"],
    ["fd00:ec2::254", "not a global address"],
    ["fe80::1", "not a global address"],
    ["fe80::1%eth0", "not an address"],
    ["2606:4700::1%eth0", "not an address"],
    ["fec0::1", "not a global address"],
    ["ff02::1", "not a global address"],
    ["5f00::1", "not a global address"],
    ["2001::1", "Teredo"],
    ["2001:0:a00:1::", "Teredo"],
    ["2001:2::1", "protocol assignments"],
    ["2001:20::1", "protocol assignments"],
    ["2001:db8::1", "documentation"],
    ["2002:a00:1::1", "6to4"],
    ["2002:7f00:1::", "6to4"],
    ["3fff::1", "documentation"],
    ["", "not an address"],
    ["example.org", "not an address"],
    ["127.1", "not an address"],
    ["0x7f.0.0.1", "not an address"],
    ["1.1.1.1 ", "not an address"]
  ])("refuses %j: %s", (address, why) => assert.strictEqual(specialPurpose(address), why))

  it.each([
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "168.63.129.15",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00::1"
  ])("takes %s", (address) => assert.isUndefined(specialPurpose(address)))
})

it("refuses every address of this machine", () => {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []).map(({ address }) => address)
  assert.isNotEmpty(own)
  for (const address of own) assert.isString(addressProblem(address), address)
  assert.isUndefined(addressProblem("1.1.1.1"))
})
