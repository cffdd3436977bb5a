import { Effect } from "effect"
import * as B from "../../src/Sandbox/Bubblewrap.ts"
import { Sandbox, defaultLimits } from "../../src/Sandbox.ts"
const uid=Number(process.argv[2]??0)
const [command,...args]=process.argv.slice(3)
await Effect.runPromise(Effect.gen(function*(){
  const s=yield* Sandbox
  if(!command){console.log(yield* s.probe);return}
  const r=yield* s.run({command,args,cwd:"/tmp",mounts:[],limits:{...defaultLimits,timeoutMs:8000},user:{uid,gid:uid}})
  console.log(r.exitCode,r.ended,r.durationMs);console.log(Buffer.from(r.stdout).toString(),Buffer.from(r.stderr).toString())
}).pipe(Effect.provide(B.layerLazy({path:process.env.PATH})),Effect.catchAll((e:any)=>Effect.sync(()=>console.log("ERR",e.message)))))
