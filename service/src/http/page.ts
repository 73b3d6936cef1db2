import { join } from "node:path";
import { apiPrefix } from "@berth/contract";
import express, { Router } from "express";

/** Files whose name holds a digest of their content, as Vite writes them. */
const hashedAssets = "/assets";

/**
 * Serves the built page: hashed files for ever, the page itself never from a cache, and the page for any address of
 * its own that is not the API's.
 *
 * @param folder that holds index.html
 */
export function pageRouter(folder: string): Router {
  const router = Router();
  router.use(
    hashedAssets,
    express.static(join(folder, hashedAssets), {
      immutable: true,
      maxAge: "1y",
      fallthrough: false,
    }),
  );
  router.use(express.static(folder, { cacheControl: false, setHeaders: revalidate }));
  router.get(/.*/, (request, response, next) => {
    const isPage = !request.path.startsWith(`${apiPrefix}/`) && request.accepts("html");
    if (!isPage) return next();
    revalidate(response);
    response.sendFile("index.html", { root: folder, cacheControl: false });
  });
  return router;
}

function revalidate(response: { setHeader(name: string, value: string): unknown }): void {
  response.setHeader("Cache-Control", "no-cache");
}
