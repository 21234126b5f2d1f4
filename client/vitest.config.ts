// How the unit tests run: without a browser. Apart from the build's configuration, which must do without vitest.
import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: { include: ["tests/**/*.test.ts"], environment: "node", restoreMocks: true },
});
