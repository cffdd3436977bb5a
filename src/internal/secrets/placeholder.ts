const reference =
  /^[$%]|\$\{|\$\(|\{\{|%\(|<|>|\.\.\.|…|\*\*\*|^\{.*\}$|^(?:process|os|import|env|self|this|config|secrets|vars|settings)\./

const words =
  /(?:change|replace|insert|set|put|enter|add|use|fill)(?=[-_. ]?(?:me|this|with|your|it|here)(?![a-z]))|(?<![a-z])(?:x{3,}|a|an|the|my|our|your|this|that|it|here|me|in|with|some|any|valid|invalid|wrong|good|bad|new|old|real|not|super|very|top|example|sample|placeholder|dummy|fake|mock|stub|test|testing|tests|demo|dev|local|localhost|default|todo|redacted|masked|hidden|removed|secret|secrets|password|passwd|passphrase|pass|pwd|token|tokens|api|key|keys|access|auth|private|client|user|username|root|admin|guest|postgres|postgresql|mysql|mongo|redis|rabbitmq|value|string|number|boolean|undefined|null|none|nil|true|false|required|optional|foo|bar|baz|qux|hello|world)(?![a-z])/g

/** What is left of a value without the words that placeholders are made of: the part that can be secret. */
export const residue = (value: string): string => value.toLowerCase().replace(words, "").replace(/[^a-z0-9]+/g, "")

/** Whether a value only stands where a secret would: a reference to one, one character over and over, or plain words. */
export const isPlaceholder = (value: string, least: number): boolean =>
  reference.test(value) || /^(.)\1*$/.test(value) || residue(value).length < least ||
  /^(?:0?123456789?0?|abcd(?:ef)?\d*|qwerty\d*)$/.test(residue(value))
