import { type Condition, rulesByNumber, type SeccompProfile, verdict } from "../../src/Sandbox/SeccompProfile.ts"

/** Whether a condition holds, read as a person would. */
export const holds = ({ index, op, value, valueTwo = 0 }: Condition, args: ReadonlyArray<bigint>): boolean => {
  const [argument, wanted] = [BigInt.asUintN(64, args[index]!), BigInt(value)]
  switch (op) {
    case "SCMP_CMP_EQ":
      return argument === wanted
    case "SCMP_CMP_NE":
      return argument !== wanted
    case "SCMP_CMP_LT":
      return argument < wanted
    case "SCMP_CMP_LE":
      return argument <= wanted
    case "SCMP_CMP_GT":
      return argument > wanted
    case "SCMP_CMP_GE":
      return argument >= wanted
    case "SCMP_CMP_MASKED_EQ":
      return (argument & wanted) === BigInt(valueTwo)
  }
}

/** A profile's answer to a call, found by reading its rules in their order; what no rule names gets the default. */
export const readAs = (profile: SeccompProfile, numbers: Readonly<Record<string, number>>) => {
  const rules = rulesByNumber(profile, numbers)
  const otherwise = verdict(profile.defaultAction, profile.defaultErrnoRet)
  return (number: number, args: ReadonlyArray<bigint>): number =>
    rules.get(number)?.find((rule) => rule.conditions.every((condition) => holds(condition, args)))?.verdict ??
      otherwise
}
