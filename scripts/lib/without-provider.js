"use strict";

/** Arguments that Terraform itself gives a meaning to, whatever the resource. */
const metaArguments = ["depends_on", "count", "for_each"];

/** A reference to an aws_* resource or data source, as far as its name and index: `data.aws_ami.image`, `aws_eip.a[0]`. */
const reference = /(?<![\w.-])(data\.)?(aws_[a-z0-9_]+)\.([A-Za-z_][\w-]*)((?:\[[^\]]*\])*)/g;

/** The name of the terraform_data that stands for a resource or data source. */
const standIn = (section, type, id) => `${section}__${type}__${id}`;

/** Terraform's own words, with the resources' own names. */
const withOwnNames = (text) =>
  text.replace(
    /(?:"terraform_data" "|terraform_data\.)(resource|data)__(aws_[a-z0-9_]+?)__([\w-]+)"?/g,
    (_, section, type, id) => (section === "data" ? `data.${type}.${id}` : `${type}.${id}`),
  );

/** Rewrites references in one text. In a depends_on the text is a bare reference; anywhere else it is in a `${...}`. */
function rewriteText(text, bare) {
  if (!bare && !text.includes("${")) return text;
  return text.replace(reference, (_, data, type, id, index) => {
    const name = `terraform_data.${standIn(data ? "data" : "resource", type, id)}`;
    return bare ? name : `${name}${index}.output`;
  });
}

function rewrite(value, bare = false) {
  if (typeof value === "string") return rewriteText(value, bare);
  if (Array.isArray(value)) return value.map((one) => rewrite(one, bare));
  if (value && typeof value === "object")
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, rewrite(one, key === "depends_on")]),
    );
  return value;
}

/**
 * A stack in which nothing needs the AWS provider: each aws_* resource and data source becomes a built-in terraform_data
 * with the same arguments.
 */
function withoutProvider(stack) {
  const { "//": _, provider, resource = {}, data = {}, ...rest } = stack;
  const standIns = {};
  const kept = { resource: {}, data: {} };
  for (const [section, types] of Object.entries({ resource, data }))
    for (const [type, instances] of Object.entries(types)) {
      if (!type.startsWith("aws_")) {
        kept[section][type] = rewrite(instances);
        continue;
      }
      for (const [id, body] of Object.entries(instances)) {
        // provider, most of lifecycle, and provisioners speak of the provider's own schema, which terraform_data lacks.
        const {
          "//": _path,
          provider: _alias,
          lifecycle,
          connection: _c,
          provisioner: _p,
          ...args
        } = body;
        const standInBody = { input: {} };
        for (const [key, value] of Object.entries(args))
          (metaArguments.includes(key) ? standInBody : standInBody.input)[key] = rewrite(
            value,
            key === "depends_on",
          );
        if (lifecycle?.replace_triggered_by)
          standInBody.lifecycle = {
            replace_triggered_by: rewrite(lifecycle.replace_triggered_by, true),
          };
        standIns[standIn(section, type, id)] = standInBody;
      }
    }
  if (provider) standIns.providers = { input: rewrite(provider) };

  const { required_providers: _required, backend: _backend, ...terraform } = rest.terraform ?? {};
  const result = {
    ...rewrite(rest),
    terraform,
    resource: {
      ...kept.resource,
      terraform_data: { ...kept.resource.terraform_data, ...standIns },
    },
  };
  return Object.keys(kept.data).length > 0 ? { ...result, data: kept.data } : result;
}

module.exports = { withOwnNames, withoutProvider };
