import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The host serves index.html for `/` and `/i/{invitation}`, and everything else from `/assets/`.
export default defineConfig({
  plugins: [react()],
  base: "/",
  publicDir: false,
  build: {
    outDir: "../src/vivavoce/web/static",
    emptyOutDir: true,
    target: ["es2021", "chrome92", "edge92", "firefox90", "safari15"],
    // The page's content security policy allows no data: URLs, so nothing may be inlined.
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    // Whose work is in the bundle, and under which licences; shipped with it.
    license: { fileName: "assets/licences.md" },
  },
  worker: { format: "es" },
  server: {
    proxy: { "/api": { target: process.env["VIVAVOCE_URL"] ?? "http://127.0.0.1:8080", ws: true } },
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});
