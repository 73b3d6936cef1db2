import type { RequestHandler } from "express";
import { ServiceError } from "../domain/service-error";

/** Lets that many requests be received and answered at once, and refuses the next before its body is read. */
export function atOnce(limit: number): RequestHandler {
  let open = 0;
  return (_request, response, next) => {
    if (open >= limit) throw new ServiceError("queue_full");
    open++;
    response.once("close", () => open--);
    next();
  };
}
