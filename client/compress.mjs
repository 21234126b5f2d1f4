// Lays compressed copies beside every built script and style sheet; the server only chooses (chat/web/assets.py).
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";

const folder = new URL("../chat/static/app/assets/", import.meta.url);
for (const name of readdirSync(folder).filter((name) => /\.(js|css)$/.test(name))) {
  const content = readFileSync(new URL(name, folder));
  writeFileSync(new URL(`${name}.br`, folder), brotliCompressSync(content));
  writeFileSync(new URL(`${name}.gz`, folder), gzipSync(content, { level: 9 }));
}
