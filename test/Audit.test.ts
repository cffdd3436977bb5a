import { layerMemory } from "../src/Audit.ts"
import { suite } from "./contract/AuditContract.ts"

suite("layerMemory", layerMemory)
