// Sealed lines: how a report leaves the sandbox. Each is <mark><number>:<HMAC-SHA256 of "number:json">:<json>, numbered from 0. The key
// is read from standard input before any code of the project runs. See src/Router/runners/sealed.ts.
"use strict"
const { createHmac, Hmac } = require("node:crypto")
const { readSync, writeSync } = require("node:fs")

// Code under test can replace any of these later.
const { apply } = Reflect
const { stringify } = JSON
const { digest, update } = Hmac.prototype
const { wait } = Atomics

const mark = "\u001ffluffy:"
const pause = new Int32Array(new SharedArrayBuffer(4))

/** Retries what a descriptor that somebody made non-blocking cannot do yet. */
const patiently = (action) => {
  for (;;) {
    try {
      return action()
    } catch (error) {
      if (error.code !== "EAGAIN") throw error
      wait(pause, 0, 0, 5)
    }
  }
}

const macOf = (key, text) => apply(digest, apply(update, createHmac("sha256", key), [text]), ["hex"])

/** Everything on standard input. */
const readInput = () => {
  const parts = []
  const chunk = Buffer.alloc(65536)
  for (;;) {
    const length = patiently(() => readSync(0, chunk, 0, chunk.length, null))
    if (length === 0) return Buffer.concat(parts).toString("utf8")
    parts.push(Buffer.from(chunk.subarray(0, length)))
  }
}

/** Writes the whole text, however long the other side takes. */
const print = (descriptor, text) => {
  const bytes = Buffer.from(text, "utf8")
  for (let sent = 0; sent < bytes.length;) {
    sent += patiently(() => writeSync(descriptor, bytes, sent, bytes.length - sent))
  }
}

/** Writes values as sealed lines; without a key nothing. */
const sealer = (key, descriptor) => {
  let number = 0
  return (value) => {
    if (key === "") return
    const body = `${number++}:${stringify(value)}`
    const at = body.indexOf(":")
    print(descriptor, `\n${mark}${body.slice(0, at)}:${macOf(key, body)}:${body.slice(at + 1)}\n`)
  }
}

/** The values of sealed lines; `intact` is false when one is forged, missing, doubled or out of its order. */
const unseal = (key, text) => {
  const values = []
  let intact = true
  for (const line of text.split("\n")) {
    if (line === "") continue
    const [, number, mac, json] = /^\u001ffluffy:(\d+):([0-9a-f]{64}):(.*)$/s.exec(line) ?? []
    if (json === undefined || Number(number) !== values.length || mac !== macOf(key, `${number}:${json}`)) {
      intact = false
    } else values.push(JSON.parse(json))
  }
  return { values, intact }
}

module.exports = { print, readInput, sealer, unseal }
