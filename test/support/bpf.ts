const LD = 0x20
const AND = 0x54
const JA = 0x05
const JEQ = 0x15
const JGT = 0x25
const RET = 0x06

/** What the kernel would answer: runs classic BPF over a `struct seccomp_data` (linux/seccomp.h). */
export const answer = (
  program: Uint8Array,
  call: { readonly audit: number; readonly number: number; readonly args: ReadonlyArray<bigint> }
): number => {
  const data = new DataView(new ArrayBuffer(64))
  data.setUint32(0, call.number >>> 0, true)
  data.setUint32(4, call.audit, true)
  for (const [at, value] of call.args.entries()) data.setBigUint64(16 + 8 * at, BigInt.asUintN(64, value), true)
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength)
  let accumulator = 0
  for (let pc = 0;; pc++) {
    const [op, jt, jf] = [code.getUint16(pc * 8, true), code.getUint8(pc * 8 + 2), code.getUint8(pc * 8 + 3)]
    const k = code.getUint32(pc * 8 + 4, true)
    if (op === RET) return k
    if (op === LD) accumulator = data.getUint32(k, true)
    else if (op === AND) accumulator = (accumulator & k) >>> 0
    else if (op === JA) pc += k
    else pc += (op === JEQ ? accumulator === k : op === JGT ? accumulator > k : accumulator >= k) ? jt : jf
  }
}
