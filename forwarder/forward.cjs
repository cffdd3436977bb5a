// Runs inside a sandbox with a network: takes connections on 127.0.0.1 and carries each, byte for byte, to the kernel's proxy.
// It decides nothing. Says "ready" once it listens, and closes its output. Arguments: the proxy's socket, the port.
const { closeSync, openSync, writeSync } = require("node:fs")
const { connect, createServer } = require("node:net")
const [, , path, port] = process.argv

const carry = (from, to) => {
  from.on("error", () => to.destroy())
  from.pipe(to)
}

const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const kernel = connect({ path, allowHalfOpen: true })
  carry(client, kernel)
  carry(kernel, client)
})
server.on("error", () => process.exit(1))
server.listen(Number(port), "127.0.0.1", () => {
  writeSync(1, "ready\n")
  closeSync(1)
  // Takes the number that is free now: libuv aborts when it closes a socket numbered like a standard stream.
  openSync("/dev/null", "w")
})
