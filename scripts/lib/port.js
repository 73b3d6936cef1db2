"use strict";
const { createServer } = require("node:net");
const { Remedy } = require("./remedy");

/** The port that was asked for. @throws {Remedy} if it is none */
function readPort(text, fallback) {
  if (text === undefined || text === "") return fallback;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Remedy(`PORT is "${text}"; it must be a whole number from 1 to 65535.`);
}

/** @throws {Remedy} if something listens at the port already, or it may not be used */
async function requireFreePort(port, host) {
  const code = await new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error) => resolve(/** @type {NodeJS.ErrnoException} */ (error).code));
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
  if (code === "EADDRINUSE")
    throw new Remedy(
      `Port ${port} is taken. End the program that uses it, or take another: PORT=${port + 1} ./scripts/up`,
    );
  if (code === "EACCES")
    throw new Remedy(
      `Port ${port} needs more rights than you have. Take one above 1023: PORT=8000 ./scripts/up`,
    );
  if (code !== undefined) throw new Remedy(`Port ${port} on ${host} cannot be used: ${code}`);
}

module.exports = { readPort, requireFreePort };
