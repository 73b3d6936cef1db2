import { metadataHopLimit } from "../../constructs/node-machine";
import { blocksOf, isTrue, many, nested, ofEach } from "./invariant";
import type { Invariant } from "./invariant";

const machine = "aws_instance";
const template = "aws_launch_template";
const volume = "aws_ebs_volume";

/** Longer than this, user data does something, which belongs in the image. */
const longestUserData = 400;

/** What holds for machines, their disks and addresses. */
export const machineInvariants: readonly Invariant[] = [
  ofEach("metadata is answered to a token only (IMDSv2)", [machine, template], (block) => {
    const { http_tokens, http_endpoint } = nested(block, "metadata_options");
    return http_tokens === "required" && http_endpoint === "enabled"
      ? undefined
      : `tokens ${String(http_tokens)}, endpoint ${String(http_endpoint)}`;
  }),
  ofEach("metadata reaches a pod in kind, and not beyond", [machine], (block) => {
    const limit = nested(block, "metadata_options")["http_put_response_hop_limit"];
    return limit === metadataHopLimit ? undefined : `hop limit ${String(limit)}`;
  }),
  ofEach("metadata reaches no pod on EKS", [template], (block) => {
    const limit = nested(block, "metadata_options")["http_put_response_hop_limit"];
    return limit === 1 ? undefined : `hop limit ${String(limit)}`;
  }),
  ofEach("disks are encrypted", [machine, template, volume], (block, stack, name) => {
    const disks = stack.resource?.[volume]?.[name]
      ? [block]
      : [
          ...many(block, "root_block_device"),
          ...many(block, "ebs_block_device"),
          ...many(block, "block_device_mappings").map((device) => nested(device, "ebs")),
        ];
    if (disks.length === 0) return "no disk is named";
    return disks.every(({ encrypted }) => isTrue(encrypted)) ? undefined : "unencrypted";
  }),
  ofEach("machines have no key of SSH", [machine, template], ({ key_name }) => key_name),
  ofEach("machines ask for no public address of their own", [machine, template], (block) => {
    const interfaces = many(block, "network_interfaces");
    return [block, ...interfaces].some((one) => isTrue(one["associate_public_ip_address"]));
  }),
  ofEach("user data does nothing, and holds no secret", [machine, template], (block) => {
    const text = String(block["user_data"] ?? "");
    if (text.length > longestUserData) return `${text.length} characters`;
    return /secret|password|token|api.?key|AKIA/i.exec(text)?.[0];
  }),
  ofEach("a machine that breaks is moved or started again", [machine], (_, stack, name) => {
    const actions = blocksOf(stack, "aws_cloudwatch_metric_alarm")
      .filter(([, alarm]) => JSON.stringify(alarm["dimensions"] ?? {}).includes(`.${name}.`))
      .flatMap(([, alarm]) => alarm["alarm_actions"] as string[]);
    return ["recover", "reboot"].find((what) => !actions.some((one) => one.endsWith(`:${what}`)));
  }),
  ofEach("addresses outlive machines", ["aws_eip"], ({ instance, network_interface }) => {
    return instance ?? network_interface;
  }),
  ofEach("no plan destroys a disk with data", [volume], (block) => {
    if (nested(block, "lifecycle")["prevent_destroy"] !== true) return "no prevent_destroy";
    return isTrue(block["final_snapshot"]) ? undefined : "no final_snapshot";
  }),
  ofEach("snapshots are taken of disks with data", [volume], ({ tags }) =>
    (tags as Record<string, string> | undefined)?.["snapshots"] ? undefined : "no tag snapshots",
  ),
  ofEach("snapshots are taken for good", ["aws_dlm_lifecycle_policy"], (block) => {
    if (block["state"] !== "ENABLED") return `state ${String(block["state"])}`;
    const details = nested(block, "policy_details");
    if (!nested(details, "target_tags")["snapshots"]) return "of nothing";
    const schedules = many(details, "schedule");
    if (schedules.length === 0) return "no schedule";
    return schedules.some((one) => !(Number(nested(one, "retain_rule")["count"]) >= 7))
      ? "fewer than seven are kept"
      : undefined;
  }),
];
