// Makes Node's own assertions and test functions unchangeable, so that code under test cannot turn them into ones that never fail.
"use strict"
const assert = require("node:assert")
const test = require("node:test")

const freeze = (value) => {
  if (typeof value !== "function") return
  if (typeof value.prototype === "object" && value.prototype !== null) Object.freeze(value.prototype)
  Object.freeze(value)
}

module.exports = () => {
  for (const library of [assert, assert.strict, test]) {
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(library))) freeze(value)
    freeze(library)
    Object.freeze(library)
  }
}
