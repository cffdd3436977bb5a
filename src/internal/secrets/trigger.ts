import { credentials } from "./credentials.ts"
import { tokens } from "./tokens.ts"
import { variableTrigger } from "./variables.ts"

/** What the rules of the preset look for beyond the shapes here. */
const presetOnly = [
  String.raw`[Ss](?:ECRET|ecret)_?(?:ACCESS|access|Access)_?(?:KEY|key|Key)`,
  "x-oauth-basic@",
  String.raw`x(?:ox[a-z]|app)-(?:\d-)?[a-zA-Z0-9]{1,40}-`,
  String.raw`[Hh]ooks\.slack\.com\/`,
  "T3BlbkFJ",
  String.raw`SG\.\w{1,128}\.\w`,
  String.raw`shp(?:pa|ca|at|ss)_[a-zA-Z0-9]{32}`,
  "npm_[A-Za-z0-9_]{36}",
  "gh[pousr]_[A-Za-z0-9_]{36}",
  "lin_api_[a-zA-Z0-9_]{32}",
  "ops_ey"
]

const sources = [
  "PRIVATE KEY",
  ...tokens.map(({ pattern }) => pattern),
  ...credentials.map(({ pattern }) => pattern),
  variableTrigger,
  ...presetOnly
]

const trigger = new RegExp(sources.map((source) => source.replaceAll("(?<secret>", "(?:")).join("|"))

/** Whether a text can hold a secret at all. Most texts cannot, and for them this is all that is done. */
export const isSuspicious = (text: string): boolean => trigger.test(text)
