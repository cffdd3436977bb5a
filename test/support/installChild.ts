import { Effect } from "effect"
import { layersOnDisk } from "../../src/Router.ts"
import { here } from "./proxyClient.ts"
import { kernel, openSession } from "./session.ts"

// A kernel of its own for a test that kills it while it installs: project, folder of layers, the registry's address and its authority.
const [project = "", layers = "", url = "", ca = ""] = process.argv.slice(2)

await Effect.flatMap(openSession(project), (session) => session.call("deps.install", {})).pipe(
  Effect.scoped,
  Effect.provide(kernel({
    layers: layersOnDisk(layers),
    registries: { npm: { url, hosts: [], ca } },
    network: { hosts: [], dialing: here }
  })),
  Effect.runPromise
)
