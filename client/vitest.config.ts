// How the unit tests run: without a browser. Apart from the build's configuration, which must do without vitest.
import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  resolve: { alias: { entities: new URL("src/lib/entities.ts", import.meta.url).pathname } },
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
    restoreMocks: true,
    // So that it, too, gets our `entities`.
    server: { deps: { inline: ["markdown-it"] } },
  },
});
