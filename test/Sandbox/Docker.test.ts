import { suite } from "../contract/ContainerContract.ts"
import { requireEngine } from "../support/engines.ts"

if (requireEngine("docker")) suite("docker")
