import type { ToolName } from "../domain/ToolCall.ts"

/** A tool as it is declared to a model. `parameters` is a JSON Schema (draft 2020-12) of type object. */
export interface ToolSpec {
  readonly name: ToolName
  readonly description: string
  /** Fast-path tools only read the stage; several may run at once. */
  readonly path: "fast" | "sandbox" | "kernel"
  readonly parameters: { readonly type: "object"; readonly [key: string]: unknown }
}

/** The name on the wire: model providers refuse dots. */
export const wireName = (name: string): string => name.replaceAll(".", "_")

/** Whether a name as a model or a person wrote it, with dots or on the wire, means this tool. */
export const isNamed = (tool: ToolName, name: string): boolean => tool === name || wireName(tool) === name
