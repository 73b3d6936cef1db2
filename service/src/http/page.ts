import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { apiPrefix } from "@berth/contract";
import express, { Router } from "express";
import type { Request } from "express";
import { pageSecurityHeaders } from "./security-headers";

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
  router.use((request, _response, next) =>
    request.method === "GET" || request.method === "HEAD" ? next() : next("router"),
  );
  router.use(
    hashedAssets,
    express.static(join(folder, hashedAssets), {
      immutable: true,
      maxAge: "1y",
      fallthrough: false,
      setHeaders: secure,
    }),
  );
  router.use(express.static(folder, { cacheControl: false, setHeaders: revalidate }));
  router.get(/.*/, (request, response, next) => {
    if (!isPage(request)) return next();
    revalidate(response);
    response.sendFile("index.html", { root: folder, cacheControl: false });
  });
  return router;
}

/** Whether a browser asks for an address that the page may have: not the API's, and no file. */
function isPage(request: Request): boolean {
  const { path } = request;
  const isApi = path.toLowerCase() === apiPrefix || path.toLowerCase().startsWith(`${apiPrefix}/`);
  return !isApi && !path.includes(".") && (request.get("Accept") ?? "").includes("text/html");
}

function revalidate(response: ServerResponse): void {
  secure(response);
  response.setHeader("Cache-Control", "no-cache");
}

function secure(response: ServerResponse): void {
  for (const [name, value] of pageSecurityHeaders) response.setHeader(name, value);
}
