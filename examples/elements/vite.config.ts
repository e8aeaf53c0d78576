import { defineConfig } from "vite";

const ostiary = process.env.OSTIARY_URL ?? "http://127.0.0.1:4433";

/** The server's paths are answered on the app's own origin, as they are behind a proxy in production. */
const proxied = { target: ostiary, changeOrigin: true, headers: { origin: new URL(ostiary).origin } };

export default defineConfig({
  server: {
    host: "127.0.0.1",
    port: Number(process.env.PORT ?? 5174),
    strictPort: true,
    proxy: { "/self-service": proxied, "/sessions": proxied, "/hosted": proxied, "/.well-known": proxied },
  },
});
