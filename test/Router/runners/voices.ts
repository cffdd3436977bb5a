import type { Files } from "./support.ts"

/** A whole project in `source` and `test`, which code may be put into. */
export interface Sources {
  readonly source: string
  readonly test: string
  /** The source's text, right or wrong. */
  readonly code: string
  readonly body: string
}

/** Hostile code in one language. The code is a statement that `source` or `test` put where it runs: on load, or in the test that adds. */
export interface Voice {
  /** Prints a text past what the runner captures. */
  readonly print: (text: string) => string
  /** Writes a text into a file, whatever it held. */
  readonly leave: (text: string, file: string) => string
  /** Ends the process at once, past every handler. */
  readonly quit: (code: number) => string
  /** Lets the process end with this code once all is done. */
  readonly ending: (code: number) => string
  readonly source: (sources: Sources, code: string) => Files
  readonly test: (sources: Sources, code: string) => Files
}

const q = JSON.stringify

const inTest = (before: string) => ({ body, test }: Sources, code: string): Files => {
  if (!body.includes(before)) throw new Error(`the test has no ${before}`)
  return { [test]: body.replace(before, () => `${before}${code}; `) }
}

const onLoad = (opening: string) => ({ code, source }: Sources, statement: string): Files => ({
  [source]: `${opening}${statement}\n${code.slice(opening.length)}`
})

export const javascript: Voice = {
  print: (text) => `process.getBuiltinModule("node:fs").writeSync(1, ${q(text)})`,
  leave: (text, file) => `process.getBuiltinModule("node:fs").writeFileSync(${q(file)}, ${q(text)})`,
  quit: (code) => `process.reallyExit(${code})`,
  ending: (code) => `process.on("exit", () => process.reallyExit(${code}))`,
  source: onLoad(""),
  test: inTest(`it("adds", () => { `)
}

export const python: Voice = {
  print: (text) => `import os; os.write(1, ${q(text)}.encode())`,
  leave: (text, file) => `open(${q(file)}, "w").write(${q(text)})`,
  quit: (code) => `import os; os._exit(${code})`,
  ending: (code) => `import atexit, os; atexit.register(os._exit, ${code})`,
  source: onLoad(""),
  test: inTest("def test_adds(self):\n        ")
}

export const ruby: Voice = {
  print: (text) => `STDOUT.syswrite(${q(text)})`,
  leave: (text, file) => `File.write(${q(file)}, ${q(text)})`,
  quit: (code) => `exit!(${code})`,
  ending: (code) => `at_exit { exit!(${code}) }`,
  source: onLoad(""),
  test: ({ body, test }, code) => ({
    [test]: body.replace(/it\("adds"\) \{ |def test_adds\n/, (start) => `${start}${code}; `)
  })
}

export const php: Voice = {
  print: (text) => `fwrite(STDOUT, ${q(text)});`,
  leave: (text, file) => `file_put_contents(${q(file)}, ${q(text)});`,
  quit: (code) => `exit(${code});`,
  ending: (code) => `register_shutdown_function(function () { exit(${code}); });`,
  source: onLoad("<?php\n"),
  test: inTest("function test_adds(): void { ")
}

export const perl: Voice = {
  print: (text) => `syswrite(STDOUT, ${q(text)});`,
  leave: (text, file) => `open(my $f, ">", ${q(file)}); print $f ${q(text)}; close $f;`,
  quit: (code) => `require POSIX; POSIX::_exit(${code});`,
  ending: (code) => `END { $? = ${code} }`,
  source: onLoad("package Calc;\n"),
  test: inTest("use Test::More tests => 2;\n")
}

const imports = (code: string) => ["os", "syscall"].filter((name) => code.includes(`${name}.`)).map((name) => q(name))

export const go: Voice = {
  print: (text) => `os.Stdout.WriteString(${q(text)})`,
  leave: (text, file) => `os.WriteFile(${q(file)}, []byte(${q(text)}), 0o600)`,
  quit: (code) => `syscall.Exit(${code})`,
  // Go has no handlers for the end: the test's own main function is the place.
  ending: (code) => `defer os.Exit(${code})`,
  source: ({ code, source }, statement) => ({
    [source]: code.replace(
      "package calc\n",
      () => `package calc\n\nimport (\n${imports(statement).join("\n")}\n)\n\nfunc init() { ${statement} }\n`
    )
  }),
  test: ({ body, test }, statement) => ({
    [test]: body.replace("import \"testing\"", () => `import (\n${imports(statement).join("\n")}\n"testing"\n)`)
      .replace(
        /func TestAdds\(t \*testing\.T\) \{\n/,
        (start) =>
          statement.includes("defer os.Exit")
            ? `func TestMain(m *testing.M) { ${statement}; m.Run() }\n${start}`
            : `${start}${statement}\n`
      )
  })
}

export const rust: Voice = {
  print: (text) => `{ use std::io::Write; std::io::stdout().write_all(${q(text)}.as_bytes()).unwrap(); }`,
  leave: (text, file) => `std::fs::write(${q(file)}, ${q(text)}).unwrap()`,
  quit: (code) => `std::process::exit(${code})`,
  ending: (code) =>
    `{ extern "C" { fn atexit(f: extern "C" fn()) -> i32; fn _exit(code: i32) -> !; } extern "C" fn end() { unsafe { _exit(${code}) } } unsafe { atexit(end); } }`,
  // Tests run in threads: only the first call speaks, and the others wait for it.
  source: ({ code, source }, statement) => ({
    [source]: `static ONCE: std::sync::Once = std::sync::Once::new();\n${
      code.replace("{ ", () => `{ ONCE.call_once(|| { ${statement}; }); `)
    }`
  }),
  test: ({ body, test }, statement) => ({
    [test]: body.replace(
      "use app::add;\n",
      () =>
        `static ONCE: std::sync::Once = std::sync::Once::new();\nfn add(a: i32, b: i32) -> i32 { ONCE.call_once(|| { ${statement}; }); app::add(a, b) }\n`
    )
  })
}
