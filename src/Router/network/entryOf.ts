import type { AuditEvent } from "../../Audit.ts"
import type { PolicyRequest } from "../../Policy.ts"
import type { Connection } from "../../Sandbox.ts"

const actions = { opened: "network.opened", closed: "network.closed", refused: "network.refused" } as const

/** What the log keeps of a connection; `asked` is the question that the policy was asked of it, if it was. */
export const entryOf = (
  { address, asked: request, down, durationMs, host, outcome, reason, rule, up }: Connection,
  subject: Pick<AuditEvent, "session" | "phase" | "mode" | "actor">,
  { asked, tool }: { readonly asked: PolicyRequest | undefined; readonly tool: string }
): AuditEvent => ({
  ...subject,
  category: "network",
  action: actions[outcome],
  ...(outcome === "closed" ? {} : { decision: outcome === "opened" ? "allow" as const : "deny" as const }),
  ...(rule === null ? {} : { rule }),
  detail: {
    host: host?.host ?? null,
    port: host?.port ?? null,
    ...(host === null ? { request } : {}),
    address,
    up,
    down,
    reason,
    tool,
    ...(asked === undefined || outcome === "closed" ? {} : { asked })
  },
  durationMs: Math.round(durationMs)
})
