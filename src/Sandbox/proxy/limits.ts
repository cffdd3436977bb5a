/** What one session may use of the network. Times in ms, sizes in bytes; `tunnels` are open at once, `connections` in all. */
export interface NetworkLimits {
  readonly tunnels: number
  readonly connections: number
  readonly headBytes: number
  readonly headMs: number
  readonly idleMs: number
  readonly tunnelBytes: number
  readonly sessionBytes: number
}

export const networkLimits: NetworkLimits = {
  tunnels: 64,
  connections: 10_000,
  headBytes: 8192,
  headMs: 10_000,
  idleMs: 120_000,
  tunnelBytes: 1024 ** 3,
  sessionBytes: 4 * 1024 ** 3
}

/** What a session has used of it so far, all its proxies together. */
export interface NetworkUsage {
  connections: number
  bytes: number
}
