import { config } from "zod";

/**
 * Keeps zod from compiling parsers with `new Function`, which the page's Content Security Policy forbids and would
 * report. Must be imported before any schema is made.
 */
config({ jitless: true });
