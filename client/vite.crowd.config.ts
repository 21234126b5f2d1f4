// How the crowd of the fault suite is built: the web client's own code for Node, with its library as it is published.
import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  // Where it only wants to know which rule moved what is held; the rules themselves are the page's.
  resolve: { alias: [{ find: "../state/apply", replacement: new URL("tests/crowd/apply.ts", import.meta.url).pathname }] },
  build: {
    ssr: "tests/crowd/main.ts",
    outDir: "build",
    emptyOutDir: true,
    target: "node22",
    rolldownOptions: { output: { entryFileNames: "crowd.mjs" } },
  },
});
