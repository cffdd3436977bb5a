// The one direction of imports. A layer may import what stands before it, and nothing after it.
const order = [
  "domain",
  "internal",
  ["Audit", "Policy", "StateMachine", "Sandbox", "Workspace"],
  "Router",
  "Agent",
  "Orchestrator",
  "Ipc",
  "KernelConfig",
  "Kernel",
  "TestKernel",
  ["cli", "index"],
  "bin"
].map((layer) => [layer].flat())

const path = (modules) => `^src/(${modules.join("|")})(/|\\.ts$)`

const ranks = order.slice(0, -1).map((layer, rank) => ({
  name: `rank-${layer.join("-")}`,
  comment: "Imports run one way: see the order in this file",
  severity: "error",
  from: { path: path(layer) },
  to: { path: path(order.slice(rank + 1).flat()) }
}))

const siblings = order.filter((layer) => layer.length > 1).flatMap((layer) =>
  layer.map((module) => ({
    name: `sibling-${module}`,
    comment: "Modules of one rank never import each other: leaves meet in Router",
    severity: "error",
    from: { path: path([module]) },
    to: { path: path(layer.filter((other) => other !== module)) }
  }))
)

const modules = order.flat().filter((name) => /^[A-Z]/.test(name))

const frontDoors = modules.map((module) => ({
  name: `front-door-${module}`,
  comment:
    "A module is imported through its front door; the composition (Kernel, TestKernel, cli) picks implementations",
  severity: "error",
  from: { path: "^src/", pathNot: [path([module]), path(["Kernel", "TestKernel", "cli", "bin"])] },
  to: { path: `^src/${module}/` }
}))

export default {
  forbidden: [
    ...ranks,
    ...siblings,
    ...frontDoors,
    {
      name: "known-layer",
      comment: "Every file of src belongs to a layer named in this file, or to bootstrap",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^src/", pathNot: [path([...order.flat(), "bootstrap"])] }
    },
    {
      name: "no-cycle",
      comment:
        "An implementation imports the front door and never the reverse; so there is no circle, of types neither",
      severity: "error",
      from: { path: "^src/" },
      to: { circular: true }
    },
    {
      name: "bootstrap-stands-alone",
      comment: "What starts and watches the kernel uses Node's standard library only",
      severity: "error",
      from: { path: "^src/bootstrap/" },
      to: { pathNot: "^src/bootstrap/", dependencyTypesNot: ["core"] }
    },
    {
      name: "nothing-imports-bootstrap-but-the-edge",
      severity: "error",
      from: { path: "^src/", pathNot: [path(["bootstrap", "cli", "bin"])] },
      to: { path: "^src/bootstrap/" }
    },
    {
      name: "sources-stay-in-src",
      comment: "Code that ships never imports tests, benchmarks, scripts or development tools",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|bench|scripts|dist)/" }
    },
    {
      name: "no-development-dependency",
      comment: "What ships imports dependencies and peer dependencies only",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["npm", "npm-peer", "type-only"] }
    },
    { name: "resolves", severity: "error", from: {}, to: { couldNotResolve: true } }
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] }
  }
}
