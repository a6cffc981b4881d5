import { defineConfig } from "vitest/config";

const shared = {
  setupFiles: ["tests/helpers/seed.ts"],
  pool: "forks" as const,
  testTimeout: 120_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    globalSetup: ["tests/helpers/setup.ts"],
    maxWorkers: 2,
    projects: [
      {
        test: { ...shared, name: "ts", include: ["tests/**/*.test.ts"], exclude: ["tests/e2e/**"] },
      },
      {
        // A whole stack each: one at a time.
        test: {
          ...shared,
          name: "e2e",
          include: ["tests/e2e/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
