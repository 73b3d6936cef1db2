import { fileURLToPath } from "node:url";
import { apiPrefix, paths, ports } from "@berth/contract";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const service = `http://localhost:${ports.service}`;

export default defineConfig({
  root: here("."),
  base: "/",
  plugins: [react()],
  resolve: { alias: { "@berth/contract": here("../contract/src/index.ts") } },
  build: {
    outDir: here("dist"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // Under the strict CSP everything is a file of its own.
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: { [apiPrefix]: service, [paths.openapi]: service },
  },
});
