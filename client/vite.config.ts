// How the web client is built: hashed files and a manifest that the server's asset() reads.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/static/app/",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // markdown-it brings a table of all named characters that no rule of ours asks for.
  resolve: { alias: { entities: new URL("src/lib/entities.ts", import.meta.url).pathname } },
  build: {
    outDir: "../chat/static/app",
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // The page's policy allows no data: scripts or styles; nothing is inlined.
    assetsInlineLimit: 0,
    // The emoji are that many; they are brought only when someone wants one.
    chunkSizeWarningLimit: 700,
    rolldownOptions: { input: "src/main.tsx" },
  },
});
