import { readdirSync, readFileSync, statSync } from "node:fs"
import { Effect } from "effect"
import { masker, isSuspicious } from "/work/main/src/internal/Secrets.ts"
const now = await Effect.runPromise(masker)
let files = 0, sus = 0, bytes = 0, tTrig = 0, tScan = 0, worst = 0
const kinds: Record<string, number> = {}
const shown: string[] = []
for (const root of ["/work/main", "/usr/lib/python3", "/usr/share/doc"]) {
  let names: string[] = []
  try { names = readdirSync(root, { recursive: true }) as string[] } catch { continue }
  for (const n of names) {
    if (!/\.(m?[jt]sx?|cjs|json|md|py|txt|ya?ml|env|sh|css|html)$/.test(n)) continue
    let text: string
    try { const s = statSync(`${root}/${n}`); if (!s.isFile() || s.size > 600_000) continue; text = readFileSync(`${root}/${n}`, "utf8").slice(0, 50_000) } catch { continue }
    files++; bytes += text.length
    let t = performance.now(); const s = isSuspicious(text); let d = performance.now() - t; tTrig += d; worst = Math.max(worst, d)
    if (!s) continue
    sus++
    t = performance.now(); const m = now(text); tScan += performance.now() - t
    for (const [k, c] of Object.entries(m.found)) kinds[k] = (kinds[k] ?? 0) + c
    if (Object.keys(m.found).length) { const a = text.split("\n"), b = m.text.split("\n"); b.forEach((l, i) => { if (l !== a[i] && shown.length < 4000) shown.push(`${n}: ${a[i].slice(0, 160)}  =>  ${l.slice(0, 120)}`) }) }
  }
}
console.log({ files, sus, bytes, tTrig, tScan, worst, perTrig: tTrig / files, perScan: tScan / sus }, kinds)
console.log(shown.filter(l => !process.argv[2] || l.includes(process.argv[2])).slice(0, 120).join("\n"))
