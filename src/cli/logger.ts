import { Array as Arr, Layer, Logger, LogLevel } from "effect"
import { escape } from "../internal/escape.ts"
import { errStyle, tell } from "./io.ts"

const words = (message: unknown): string =>
  Arr.ensure(message).map((part) => typeof part === "string" ? part : JSON.stringify(part)).join(" ")

const logger = Logger.make(({ logLevel, message }) => {
  const colour = LogLevel.greaterThanEqual(logLevel, LogLevel.Error) ? errStyle.red : errStyle.yellow
  tell(`${colour(`${logLevel.label.toLowerCase()}:`)} ${escape(words(message))}\n`)
})

/** Log lines go to standard error, since standard output belongs to the command; warnings always, the rest when asked for. */
export const layer = (verbose: boolean): Layer.Layer<never> =>
  Layer.merge(
    Logger.replace(Logger.defaultLogger, logger),
    Logger.minimumLogLevel(verbose ? LogLevel.Debug : LogLevel.Warning)
  )
