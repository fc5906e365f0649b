import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    alias: {
      "@": fileURLToPath(new URL("./src", import.meta.url)),
      "@hopwhistle/sdk": fileURLToPath(new URL("../sdk/typescript/src/index.ts", import.meta.url)),
    },
  },
  test: {
    include: ["src/**/*.test.ts", "tests/**/*.test.ts", "../sdk/typescript/tests/**/*.test.ts"],
    environment: "node",
  },
});
