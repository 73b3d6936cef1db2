"use strict";
const { mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { deployOrder, readStacks, synthesizeEveryOption } = require("./every-option");
const { rehearse, rehearseEnvironments } = require("./rehearse");
const { has, installMoto } = require("./tools");

/** The stacks that faults are put into. */
const few = ["berth-node-bare-state", "berth-node-bare-storage", "berth-node-bare-identity"];

/** The first of a type in a stack. */
const first = (blocks) => Object.values(blocks)[0];

/**
 * Faults that a rehearsal must find.
 *
 * @type {[string, (stacks: Record<string, any>) => void, RegExp][]}
 */
const faults = [
  [
    "a second plan that is not empty",
    ({ "berth-node-bare-storage": storage }) => {
      storage.resource.terraform_data = { clock: { input: "${timestamp()}" } };
    },
    /berth-node-bare-storage: the second plan is not empty/,
  ],
  [
    "a bucket that is left",
    ({ "berth-node-bare-storage": storage }) => {
      // Into the first account of a rehearsal, by the double's own header instead of a signature.
      const request = `{ method: 'PUT', headers: { 'x-moto-account-id': '100000000001' } }`;
      const put = `fetch(process.env.AWS_ENDPOINT_URL + '/forgotten', ${request})`;
      const command = `'${process.execPath}' -e "${put}"`;
      storage.resource.terraform_data = { leak: { provisioner: { "local-exec": { command } } } };
    },
    /left in the account after everything was destroyed:\n\d+: bucket forgotten/,
  ],
  [
    "an action that is none",
    ({ "berth-node-bare-identity": identity }) => {
      for (const document of Object.values(identity.data.aws_iam_policy_document))
        for (const statement of document.statement)
          if (statement.resources) statement.actions = ["s3GetObject"];
    },
    /aws_iam_role_policy\..*MalformedPolicyDocument/,
  ],
  [
    "a bucket policy that names another bucket",
    ({ "berth-node-bare-storage": storage }) => {
      first(storage.data.aws_iam_policy_document).statement[0].resources = ["arn:aws:s3:::other"];
    },
    /names arn:aws:s3:::other, which is not in it/,
  ],
  [
    "a reference to what is not made",
    ({ "berth-node-bare-storage": storage }) => {
      first(storage.resource.aws_s3_bucket_versioning).bucket = "${aws_s3_bucket.missing.id}";
    },
    /cannot resolve \$\{aws_s3_bucket\.missing\.id\}/,
  ],
];

/** A rehearsal with a fault in it. @returns what it says against the fault; empty if nothing */
async function rehearseFault(root, moto, put) {
  const outdir = mkdtempSync(join(tmpdir(), "berth-stacks-"));
  try {
    synthesizeEveryOption(root, outdir);
    const all = readStacks(outdir);
    const order = deployOrder(outdir).filter((id) => few.includes(id));
    const stacks = Object.fromEntries(order.map((id) => [id, all[id]]));
    put(stacks);
    await rehearse(stacks, order, { moto });
    return "";
  } catch (error) {
    return error.message;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** Every environment and option, made in a double of AWS and destroyed again. */
async function verifyRehearsal(root, folder, tally) {
  if (!has("terraform")) {
    tally.skipped.push("rehearsal of the stacks: there is no terraform on the PATH");
    return;
  }
  const moto = await installMoto(root, folder);
  await tally.check(
    "the stacks are made, planned again and destroyed in a double of AWS",
    async () => console.log(`  ${await rehearseEnvironments({ moto, folder, environments: [] })}`),
  );
  const finds = ([name, put, message]) =>
    tally.check(`the rehearsal finds ${name}`, async () => {
      const said = await rehearseFault(root, moto, put);
      if (!message.test(said)) throw new Error(`not found: ${name}\n${said}`);
    });
  await Promise.all(faults.map(finds));
}

module.exports = { verifyRehearsal };
