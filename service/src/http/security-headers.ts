import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import helmet from "helmet";

/** What a page of this origin may load and do: its own files, and nothing written into the page. */
const pagePolicy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", "data:"],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};

/** An answer of the API is no page: a browser that opens one may load nothing. */
const apiPolicy = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

/** Neither the page nor the API uses a device. */
const permissionsPolicy = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

/**
 * Headers of every answer that is no page.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
 */
export const apiSecurityHeaders = headersWith(apiPolicy);

/** Headers of the page and its files. */
export const pageSecurityHeaders = headersWith(pagePolicy);

/** They are the same for every answer, so helmet is asked once. */
function headersWith(directives: Record<string, string[]>): ReadonlyMap<string, string> {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    referrerPolicy: { policy: "no-referrer" },
    xFrameOptions: { action: "deny" },
    // TLS ends at the Ingress, which says so; over plain HTTP on a laptop this header would lock people out.
    strictTransportSecurity: false,
  })(request, response, (error?: unknown) => {
    if (error !== undefined) throw error as Error;
  });
  response.setHeader("Permissions-Policy", permissionsPolicy);
  return new Map(
    Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]),
  );
}
