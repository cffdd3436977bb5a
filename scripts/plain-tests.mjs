import ts from "typescript"

// A value the runner can judge by itself: an assertion that threw or not, a promise, nothing.
const harmless = /^(assert|expect|await|void|undefined|Promise)\b|\.run(Promise|Sync)(Exit)?\(/

const returned = (body) => {
  if (!ts.isBlock(body)) return [body]
  const found = []
  const visit = (node) => {
    if (ts.isFunctionLike(node)) return
    if (ts.isReturnStatement(node) && node.expression !== undefined) found.push(node.expression)
    ts.forEachChild(node, visit)
  }
  ts.forEachChild(body, visit)
  return found
}

/** Finds `it("...", () => effect)`: vitest ignores what a plain test returns, so its Effect never runs and the test always passes. */
export const plainTests = (file, text) => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  // `test` may be a helper of the file's own.
  const plain = /import [^\n]*\btest\b[^\n]* from "(@effect\/)?vitest"/.test(text)
    ? /^(it|test)(\.each\(.*\))?$/s
    : /^it(\.each\(.*\))?$/s
  const findings = []
  const visit = (node) => {
    ts.forEachChild(node, visit)
    if (!ts.isCallExpression(node) || !plain.test(node.expression.getText())) return
    const callback = node.arguments.find((argument) =>
      ts.isArrowFunction(argument) || ts.isFunctionExpression(argument)
    )
    if (callback === undefined || callback.modifiers?.some((word) => word.kind === ts.SyntaxKind.AsyncKeyword)) return
    const generator = callback.asteriskToken !== undefined
    if (!generator && returned(callback.body).every((value) => harmless.test(value.getText()))) return
    const { line } = source.getLineAndCharacterOfPosition(node.getStart())
    findings.push(
      `${file}:${
        line + 1
      } is a plain test that returns a value, so an Effect in it never runs; use it.effect, it.scoped or it.live`
    )
  }
  visit(source)
  return findings
}
