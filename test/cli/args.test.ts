import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { type Command, parse } from "../../src/cli/args.ts"
import { UsageError } from "../../src/cli/UsageError.ts"

const command = (...argv: ReadonlyArray<string>): Command => {
  const parsed = parse(argv)
  if (parsed instanceof UsageError) throw new Error(parsed.message)
  if ("_tag" in parsed) throw new Error(`printed: ${parsed._tag}`)
  return parsed
}

const refusal = (...argv: ReadonlyArray<string>): string => {
  const parsed = parse(argv)
  assert.instanceOf(parsed, UsageError)
  return parsed.message
}

describe("parse", () => {
  it.each([
    [["fix the parser"], { name: "run", flags: {}, operands: ["fix the parser"] }],
    [["--", "lint"], { name: "run", flags: {}, operands: ["lint"] }],
    [["--", "fix", "--all", "of it"], { name: "run", flags: {}, operands: ["fix --all of it"] }],
    [["a b", "--mode", "explore"], { name: "run", flags: { mode: "explore" }, operands: ["a b"] }],
    [["--max-turns=7", "--json", "--no-input", "a b"], {
      name: "run",
      flags: { "max-turns": 7, json: true, "no-input": true },
      operands: ["a b"]
    }],
    [["--model=-odd", "a b"], { name: "run", flags: { model: "-odd" }, operands: ["a b"] }],
    [["demo", "--keep"], { name: "demo", flags: { keep: true }, operands: [] }],
    [["exec", "ls", "-la", "--json"], { name: "exec", flags: {}, operands: ["ls", "-la", "--json"] }],
    [["exec", "--timeout", "90s", "--", "ls", "--", "-h"], {
      name: "exec",
      flags: { timeout: 90_000 },
      operands: ["ls", "--", "-h"]
    }],
    [["tool", "fs.read", "{}"], { name: "tool", flags: {}, operands: ["fs.read", "{}"] }],
    [["tool", "fs.read", "-"], { name: "tool", flags: {}, operands: ["fs.read", "-"] }],
    [["policy", "explain", "shell.exec", "--command", "git", "--args", "push", "--args=-f"], {
      name: "policy explain",
      flags: { command: "git", args: ["push", "-f"] },
      operands: ["shell.exec"]
    }],
    [["audit", "export", "-o", "log.jsonl"], { name: "audit export", flags: { output: "log.jsonl" }, operands: [] }]
  ])("reads %j", (argv, expected) => {
    assert.deepStrictEqual<unknown>(command(...argv), expected)
  })

  it.each([
    ["There is no task. Give it in quotes", ["--json"]],
    ["The task is empty", ["  "]],
    ["fluffy has no command \"audt\". Did you mean: fluffy audit?", ["audt"]],
    ["a task of one word needs --, fluffy -- lint", ["lint"]],
    ["Give a task in quotes: fluffy \"fix the parser\"", ["fix", "the", "parser"]],
    ["Did you mean: fluffy audit?", ["audti", "verify"]],
    ["The command doctor comes before its flags", ["--json", "doctor"]],
    ["fluffy has no flag --modle. Did you mean: --model", ["--modle", "x", "a b"]],
    ["fluffy has no flag -x. See: fluffy --help", ["-x", "a b"]],
    ["fluffy has no flag --__proto__", ["--__proto__", "a b"]],
    ["fluffy has no flag --constructor", ["--constructor=1", "a b"]],
    ["--model needs a value. It takes P/M: openai/…, anthropic/…", ["a b", "--model"]],
    ["--model needs a value. It takes P/M; one that begins with a dash is written --model=--json", [
      "--model",
      "--json",
      "a b"
    ]],
    ["--mode does not know \"strct\". Did you mean: strict", ["--mode", "strct", "a b"]],
    ["--mode is given twice", ["--mode", "strict", "--mode", "debug", "a b"]],
    ["--max-turns takes a whole number from 1, and got \"0\"", ["--max-turns", "0", "a b"]],
    ["--max-turns takes a whole number from 1, and got \"1e3\"", ["--max-turns", "1e3", "a b"]],
    ["--json takes no value, and got \"no\"", ["--json=no", "a b"]],
    ["--timeout cannot read \"5\". It takes a time with a unit", ["exec", "--timeout", "5", "ls"]],
    ["fluffy exec needs CMD. Use: fluffy exec [flags] -- CMD", ["exec", "--"]],
    ["fluffy demo does not take \"now\"", ["demo", "now"]],
    ["fluffy tool needs JSON. Use: fluffy tool NAME JSON", ["tool", "fs.read"]],
    ["fluffy tool needs NAME and JSON", ["tool"]],
    ["fluffy session show needs ID", ["session", "show"]],
    ["fluffy policy explain needs ACTION", ["policy", "explain", "--path", "a"]],
    ["fluffy audit needs a command. Give one of: log, verify, export", ["audit"]],
    ["fluffy audit has no command \"verfy\". Did you mean: fluffy audit verify", ["audit", "verfy"]],
    ["fluffy has no command \"nonsense\"", ["help", "nonsense"]]
  ])("refuses with %j: %j", (message, argv) => {
    assert.include(refusal(...argv), message)
  })

  it.each([
    [[], 2, "Exit codes:"],
    [["--help"], 0, "Exit codes:"],
    [["a b", "-h"], 0, "Exit codes:"],
    [["help"], 0, "Exit codes:"],
    [["help", "help"], 0, "Exit codes:"],
    [["help", "audit", "log"], 0, "--session ID"],
    [["--help", "audit", "log"], 0, "--session ID"],
    [["audit", "--help"], 0, "fluffy audit verify"],
    [["exec", "--help"], 0, "--timeout TIME"],
    [["--version"], 0, ""],
    [["-V"], 0, ""]
  ])("prints instead of doing anything for %j (exit code %i)", (argv, exitCode, text) => {
    const parsed = parse(argv)
    assert(!(parsed instanceof UsageError) && "_tag" in parsed)
    assert.strictEqual(parsed.exitCode, exitCode)
    assert.include(parsed.text, text)
  })

  it("never throws, and never takes a word it does not know for a task", () => {
    const words = fc.oneof(
      fc.constantFrom(
        "audit",
        "exec",
        "--",
        "-",
        "--mode",
        "--json",
        "-h",
        "--model=x",
        "tool",
        "policy",
        "=",
        "--=",
        "-=",
        ""
      ),
      fc.string({ maxLength: 12 })
    )
    fc.assert(
      fc.property(fc.array(words, { maxLength: 6 }), (argv) => {
        const parsed = parse(argv)
        if (parsed instanceof UsageError || "_tag" in parsed || parsed.name !== "run") return
        const [task] = parsed.operands
        assert.isTrue(argv.includes("--") || /\s/.test(task!.trim()), JSON.stringify(argv))
      }),
      { numRuns: 3_000 }
    )
  })
})
