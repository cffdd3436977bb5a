import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/globalSetup.ts"],
    exclude: ["test/fixtures/**", "test/embed/**", "**/node_modules/**"],
    pool: "forks",
    maxWorkers: 2,
    minWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    teardownTimeout: 10_000,
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary"] }
  }
})
