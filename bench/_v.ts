import { readdirSync, openSync, closeSync } from "node:fs"
import { spawn } from "node:child_process"
import { defaultLimits, type SandboxCommand } from "../src/Sandbox.ts"
import { sandboxArguments, programLine, descriptors } from "../src/Sandbox/bubblewrap/arguments.ts"
import { standardFilter } from "../src/Sandbox/bubblewrap/filter.ts"
import { hostSystem } from "../src/Sandbox/bubblewrap/hostSystem.ts"
import { launch } from "../src/Sandbox/bubblewrap/launch.ts"
import { limited } from "../src/Sandbox/bubblewrap/limited.ts"
import { controlGroups } from "../src/Sandbox/bubblewrap/controlGroup.ts"
const uid=Number(process.argv[2]??65534)
const host=hostSystem(readdirSync("/etc"))
const g=process.getuid!()===0?controlGroups(defaultLimits):undefined
const command:SandboxCommand={command:"/usr/bin/true",args:[],cwd:"/tmp",mounts:[],limits:defaultLimits,user:{uid,gid:uid}}
const shape={host,toolchains:[],programs:{first:[],last:[]},devices:undefined,mounts:[],cwd:"/tmp",env:{}}
const ours=(group:boolean,pr:boolean)=>async()=>{const o=await launch({program:"bwrap",line:programLine(pr?limited(host,command):["/usr/bin/true"]),hidden:sandboxArguments(shape),filter:standardFilter(),files:host.files.map(f=>f.source),identity:process.getuid!()===0?command.user:undefined,searchPath:"/usr/bin:/bin",group:group?g?.(defaultLimits):undefined,command}).outcome;if(o._tag!=="Ended"||o.result.exitCode!==0)throw new Error(JSON.stringify(o))}
const bare=(args:any,cmd:any,nf=host.files,det=false)=>()=>new Promise<void>((res,rej)=>{const files=nf.map(f=>openSync(f.source,"r"));const c=spawn("bwrap",["--seccomp","5",...args,"--",...cmd],{stdio:["ignore","pipe","pipe","ignore","ignore","pipe","ignore",...files],env:{PATH:"/usr/bin:/bin"},detached:det,...(process.getuid!()===0?command.user:{})});files.forEach(closeSync);(c.stdio as any)[5].end(standardFilter());c.on("close",x=>x?rej(new Error("x"+x)):res())})
const A=sandboxArguments(shape)
const V:Record<string,()=>Promise<unknown>>={bare:bare(A,["/usr/bin/true"]),"bare+prlimit":bare(A,limited(host,command)),ours:ours(true,true),"ours-group":ours(false,true),"ours-group-prlimit":ours(false,false)}
const R:Record<string,number[]>={}
for(let i=0;i<60;i++)for(const k in V){const t=performance.now();await V[k]!();if(i>3)(R[k]??=[]).push(performance.now()-t)}
for(const k in R){const s=R[k]!.sort((a,b)=>a-b);console.log(k.padEnd(22),s[5]!.toFixed(2),s[14]!.toFixed(2),s[28]!.toFixed(2))}
