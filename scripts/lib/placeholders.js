"use strict";

/** A reference to something of a stand-in's output: its name, and the path behind `output`. */
const reference =
  /terraform_data\.([\w-]+)(?:\[[^\]]*\])*\.output((?:\.[A-Za-z_][\w-]*|\[[^\]]+\])+)/g;

/** One part of a path: `.arn`, `[0]`, `["key"]`. */
const part = /\.([A-Za-z_][\w-]*)|\[(\d+)\]|\["([^"]+)"\]/g;

/**
 * Gives the stand-ins of a stack (without-provider.js) what AWS would answer and others refer to: an ARN, an address. So
 * the stack can be applied, and not only validated. A stand-in's value names what it stands for.
 *
 * @param {any} stack is changed
 */
function addPlaceholders(stack) {
  const standIns = stack.resource.terraform_data;
  for (const [, name, text] of JSON.stringify(stack).replaceAll('\\"', '"').matchAll(reference)) {
    const path = [...text.matchAll(part)].map(([, field, index, key]) =>
      index === undefined ? (field ?? key) : Number(index),
    );
    if (standIns[name] !== undefined) place(standIns[name], "input", path, `${name}${text}`);
  }
  return stack;
}

/** Puts a value at a path below `container[key]`, unless something is there. */
function place(container, key, path, value) {
  const [next, ...rest] = path;
  if (next === undefined) {
    container[key] ??= value;
    return;
  }
  const there = container[key];
  if (typeof there === "string") return;
  if (typeof next === "number") {
    // A block that occurs once is written without its list.
    if (!Array.isArray(there)) container[key] = there === undefined ? [] : [there];
  } else if (there === undefined || Array.isArray(there)) container[key] = {};
  place(container[key], next, rest, value);
}

module.exports = { addPlaceholders };
