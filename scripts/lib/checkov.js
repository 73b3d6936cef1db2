"use strict";
const { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { parse } = require("yaml");
const { step } = require("./step");

/** The most exceptions that there may be: one more, and the constructs are wrong. */
const maxExceptions = 12;

/**
 * What checkov says against one place. `place` is the stack and the construct's path, which is the same in every
 * environment but for its name.
 *
 * @typedef {{check: string, place: string, title: string}} Finding
 * @typedef {{checks: string[], places: string[], reason: string}} Exception
 * @typedef {{name: string, check: string}} Mutant a mistake made on purpose, and the check that must see it
 */

/** @returns {Exception[]} of the file beside the stacks */
function readExceptions(root) {
  return parse(readFileSync(join(root, "infra-stacks/checkov-exceptions.yaml"), "utf8"));
}

/** The paths of a stack's constructs by what checkov calls them: the last part of their address. */
function pathsOf(stack) {
  const paths = new Map();
  for (const section of [stack.resource, stack.data])
    for (const blocks of Object.values(section ?? {}))
      for (const [name, block] of Object.entries(blocks)) {
        const path = block["//"]?.metadata?.path;
        if (path !== undefined) paths.set(name, path);
      }
  return paths;
}

/** A stack as checkov can read it: it takes no `terraform` block that holds a text, and needs no notes. */
function readable({ terraform: _, ...stack }) {
  return JSON.stringify(stack, (key, value) => (key === "//" ? undefined : value), 1);
}

/**
 * Runs checkov over stacks, offline.
 *
 * @param {string} checkov its path
 * @param {Record<string, any>} stacks by their ids
 * @param {string} name of the step
 * @returns {Promise<{passed: number, findings: Finding[]}>}
 */
async function scan(checkov, stacks, name) {
  const folder = mkdtempSync(join(tmpdir(), "berth-checkov-"));
  try {
    for (const [id, stack] of Object.entries(stacks)) {
      mkdirSync(join(folder, id));
      writeFileSync(join(folder, id, "cdk.tf.json"), readable(stack));
    }
    const args = ["--directory", folder, "--framework", "terraform_json", "--output", "json"];
    const offline = ["--skip-download", "--soft-fail", "--quiet"];
    const env = { ...process.env, LOG_LEVEL: "ERROR", CHECKOV_RUN_SCA_PACKAGE_SCAN: "false" };
    const output = await step(name, checkov, [...args, ...offline], { cwd: folder, env });
    return understand(output, stacks);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads checkov's JSON. @throws {Error} where it did not read every stack */
function understand(output, stacks) {
  const { results, summary } = JSON.parse(output);
  if (results === undefined) throw new Error(`checkov checked nothing:\n${output}`);
  if (summary.parsing_errors > 0)
    throw new Error(`checkov cannot read ${results.parsing_errors.join(", ")}`);
  const findings = results.failed_checks.map((failed) => {
    const [, id] = failed.file_path.split("/");
    const name = failed.resource.split(".").at(-1);
    return {
      check: failed.check_id,
      place: pathsOf(stacks[id]).get(name) ?? `${id}/${failed.resource}`,
      title: failed.check_name,
    };
  });
  return { passed: summary.passed, findings };
}

/** Whether a place is one of a pattern's: `*` stands for any characters. */
function covers(pattern, place) {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(place);
}

/**
 * Holds findings against the exceptions.
 *
 * @param {Finding[]} findings
 * @param {Exception[]} exceptions
 * @returns {string[]} one line a fault: a finding that no exception covers, and an exception that is wrong
 */
function judge(findings, exceptions) {
  const excepted = ({ check, place }) =>
    exceptions.some(
      (one) => one.checks.includes(check) && one.places.some((p) => covers(p, place)),
    );
  const faults = findings
    .filter((finding) => !excepted(finding))
    .map(({ check, place, title }) => `${place}: ${title} (${check})`);
  if (exceptions.length > maxExceptions)
    faults.push(`${exceptions.length} exceptions, of ${maxExceptions} at most`);
  for (const { checks, places, reason } of exceptions) {
    if (!reason?.trim()) faults.push(`the exception of ${checks.join(", ")} gives no reason`);
    const found = (check, pattern) =>
      findings.some((one) => one.check === check && covers(pattern, one.place));
    for (const pattern of places)
      if (!checks.some((check) => found(check, pattern)))
        faults.push(
          `the exception of ${checks.join(", ")} at ${pattern} matches nothing: remove it`,
        );
    for (const check of checks)
      if (!places.some((pattern) => found(check, pattern)))
        faults.push(`the exception of ${check} matches nothing: remove it`);
  }
  return [...new Set(faults)];
}

/**
 * Holds what checkov found in mutants against what it must.
 *
 * @param {Mutant[]} mutants
 * @param {Finding[]} before in the stacks that the mutants were made of
 * @param {Finding[]} after in the mutants
 * @returns {string[]} one line a fault: a mutant that survives, and one that proves nothing
 */
function judgeMutants(mutants, before, after) {
  const found = (findings, check) => findings.some((one) => one.check === check);
  if (mutants.length === 0) return ["there is no mutant for checkov: it may see nothing at all"];
  return mutants.flatMap(({ name, check }) => {
    if (found(before, check)) return [`${name}: ${check} finds something without it too`];
    return found(after, check) ? [] : [`${name}: survives, ${check} does not see it`];
  });
}

module.exports = { judge, judgeMutants, maxExceptions, readExceptions, scan, understand };
