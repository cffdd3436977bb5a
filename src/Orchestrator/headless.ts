import { Effect } from "effect"
import type { Observer } from "./TaskRequest.ts"

/** The answer where nobody can be asked: never yes. */
export const headlessReview: Observer["review"] = () => Effect.succeed({ approved: false, reason: "" })
