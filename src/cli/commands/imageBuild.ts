import { Effect } from "effect"
import { escapeLine } from "../../internal/escape.ts"
import { count } from "../../internal/text.ts"
import { engineOf } from "../../Sandbox/engines.ts"
import type { CommandOf } from "../args.ts"
import { print, tell } from "../io.ts"

/** `fluffy image build`: the base image, from this machine's own programs. */
export const run = Effect.fnUntraced(function*({ flags }: CommandOf<"image build">) {
  const { buildImage, placesConfig } = yield* engineOf(flags.sandbox ?? "docker")
  tell("Building the base image from this machine's own programs; half a minute or so\n")
  const built = yield* buildImage({
    ...(yield* placesConfig),
    ...(flags.image === undefined ? {} : { image: flags.image })
  })
  print(
    `${escapeLine(built.image, 300)} in ${built.engine}: ${count(built.files, "file")}, ${
      Math.round(built.bytes / 1e6)
    } MB\n`
  )
  return 0
})
