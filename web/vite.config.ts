import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: {
      "@": fileURLToPath(new URL("./src", import.meta.url)),
      "@hopwhistle/sdk": fileURLToPath(new URL("../sdk/typescript/src/index.ts", import.meta.url)),
    },
  },
  build: { target: "es2022", sourcemap: false, assetsInlineLimit: 0 },
  server: { port: 3000, proxy: { "/config.json": "http://127.0.0.1:3900" } },
});
