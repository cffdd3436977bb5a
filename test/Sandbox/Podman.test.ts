import { suite } from "../contract/ContainerContract.ts"
import { requireEngine } from "../support/engines.ts"

if (requireEngine("podman")) suite("podman")
