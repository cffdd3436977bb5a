import assert from "node:assert/strict"
import test from "node:test"
import { total } from "../src/basket.js"

test("adds up prices and quantities", () => {
  assert.equal(total([{ price: 250, quantity: 2 }, { price: 100, quantity: 1 }]), 600)
})
