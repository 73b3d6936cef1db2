import type { Statement } from "../support/policy";
import { ofEach, without } from "./invariant";
import type { Invariant } from "./invariant";
import { unreadPolicies, usedStatements } from "./policies";
import type { UsedStatement } from "./policies";

/**
 * Actions that AWS defines without a resource, so that a policy has to say `*`.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
const withoutResource = [
  /^(ec2|autoscaling|logs|cloudwatch|eks):(Describe|List|Get)\w*\*?$/,
  /^ssmmessages:(Create|Open)(Control|Data)Channel$/,
  /^ssm:UpdateInstanceInformation$/,
  /^dlm:GetLifecyclePolicies$/,
  /^iam:List(InstanceProfiles|OpenIDConnectProviders|Roles)$/,
  /^eks:DescribeAddonVersions$/,
  /^events:ListRules$/,
  /^kms:ListAliases$/,
  /^pricing:GetProducts$/,
  /^sqs:ListQueues$/,
];

/** Wildcards in actions that only read settings. */
const readingWildcard = /^[a-z0-9-]+:(Describe|Get|List)\w*\*$/;

/** Of these a role could make itself, or somebody else, anything. */
const escalating =
  /^iam:(\*|Create(User|AccessKey|LoginProfile|Role|Policy|PolicyVersion|ServiceLinkedRole|OpenIDConnectProvider)|Put\w*|Attach\w*|Update\w*|SetDefaultPolicyVersion|AddUserToGroup|AddClientID\w*|Delete(Role|RolePolicy|Policy)\w*|\w*\*)$/;

/** Services that take a role in the name of their caller's own cluster or machine, where there is no account to name. */
const ownServices = ["ec2.amazonaws.com", "eks.amazonaws.com", "pods.eks.amazonaws.com"];

/** AWS' own policies that a role may have: what EKS' machines and add-ons need changes with their releases. */
const managedPolicies = [
  "AmazonEKSClusterPolicy",
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKS_CNI_Policy",
  "AmazonEC2ContainerRegistryPullOnly",
  "AmazonEBSCSIDriverPolicyV2",
].map((name) => `arn:aws:iam::aws:policy/${name}`);

const isAllow = ({ effect = "Allow" }: Statement) => effect === "Allow";

/** An invariant of the statements that allow something. */
function ofAllowed(
  name: string,
  use: readonly UsedStatement["use"][],
  fault: (statement: Statement) => unknown,
): Invariant {
  return {
    name,
    faults: (stack, id) =>
      usedStatements(stack)
        .filter((used) => use.includes(used.use) && isAllow(used.statement))
        .flatMap(({ owner, statement }) => {
          const found = fault(statement);
          return found
            ? [`${id}: ${owner}: ${statement.sid ?? "a statement"}: ${String(found)}`]
            : [];
        }),
  };
}

const every = ["trust", "identity", "resource"] as const;

function principalsOf({ principals = [] }: Statement): string[] {
  return principals.flatMap(({ type, identifiers }) =>
    identifiers.map((identifier) => `${type}:${identifier}`),
  );
}

/** The values of the one condition with a test on a variable. */
function condition({ condition = [] }: Statement, test: string, variable: RegExp) {
  const found = condition.filter((one) => one.test === test && variable.test(one.variable));
  return found.length === 1 ? (found[0]?.values ?? []) : [];
}

/** What holds for everybody, and for every policy. */
export const identityInvariants: readonly Invariant[] = [
  without("there are no users, groups or access keys", [
    "aws_iam_user",
    "aws_iam_user_policy",
    "aws_iam_user_policy_attachment",
    "aws_iam_group",
    "aws_iam_access_key",
    "aws_iam_service_linked_role",
  ]),
  {
    name: "policies are documents that these checks read",
    faults: (stack, id) => unreadPolicies(stack).map((owner) => `${id}: ${owner}`),
  },
  {
    name: "statements say what they are about, not all but that",
    faults: (stack, id) =>
      usedStatements(stack)
        .filter(({ statement }) => Object.keys(statement).some((key) => key.startsWith("not_")))
        .map(({ owner }) => `${id}: ${owner}`),
  },
  ofAllowed(
    "no role may do everything, or all of a service",
    ["identity", "trust"],
    ({ actions }) =>
      actions.find((action) => action.includes("*") && !readingWildcard.test(action)),
  ),
  ofAllowed(
    "what a role may do names its resources",
    ["identity"],
    ({ actions, resources = [] }) => {
      if (!resources.includes("*")) return undefined;
      return actions.find((action) => !withoutResource.some((pattern) => pattern.test(action)));
    },
  ),
  ofAllowed("no policy lets everybody in", every, (statement) =>
    principalsOf(statement).find((principal) => principal.endsWith("*")),
  ),
  ofAllowed("no role can make or change roles", ["identity"], ({ actions }) =>
    actions.find((action) => escalating.test(action)),
  ),
  ofAllowed("roles are passed one by one, each to a named service", ["identity"], (statement) => {
    if (!statement.actions.includes("iam:PassRole")) return undefined;
    const services = condition(statement, "StringEquals", /^iam:PassedToService$/);
    const loose = statement.resources?.find((resource) => /[*?]/.test(resource));
    return loose ?? (services.length === 0 ? "to any service" : undefined);
  }),
  ofAllowed("services take roles for this account only", ["trust"], (statement) => {
    const foreign = principalsOf(statement).find(
      (principal) =>
        principal.startsWith("Service:") &&
        !ownServices.includes(principal.slice("Service:".length)),
    );
    if (!foreign) return undefined;
    const accounts = condition(statement, "StringEquals", /^aws:SourceAccount$/);
    return accounts.length === 1 ? undefined : `${foreign} for anybody`;
  }),
  ofAllowed("pods take roles by cluster, namespace and service account", ["trust"], (statement) => {
    if (!principalsOf(statement).includes("Service:pods.eks.amazonaws.com")) return undefined;
    return ["eks-cluster-name", "kubernetes-namespace", "kubernetes-service-account"].find(
      (tag) =>
        condition(statement, "StringEquals", new RegExp(`^aws:RequestTag/${tag}$`)).length !== 1,
    );
  }),
  ofAllowed("workflows are named exactly", ["trust"], (statement) => {
    if (!principalsOf(statement).some((principal) => principal.startsWith("Federated:")))
      return undefined;
    const audience = condition(statement, "StringEquals", /:aud$/);
    if (audience.join() !== "sts.amazonaws.com") return `audience ${audience.join()}`;
    const subjects = condition(statement, "StringEquals", /:sub$/);
    if (subjects.length === 0) return "any subject";
    return subjects.find(
      (subject) =>
        !/^repo:[\w.-]+\/[\w.-]+:(pull_request|environment:[^*?]+|ref:refs\/heads\/[^*?]+)$/.test(
          subject,
        ),
    );
  }),
  ofEach(
    "only GitHub's workflows come with tokens of another's",
    ["aws_iam_openid_connect_provider"],
    ({ url, client_id_list }) =>
      url !== "https://token.actions.githubusercontent.com" ||
      String(client_id_list) !== "sts.amazonaws.com"
        ? `${String(url)} for ${String(client_id_list)}`
        : undefined,
  ),
  ofEach(
    "AWS' own policies are given only where EKS needs them",
    ["aws_iam_role_policy_attachment"],
    ({ policy_arn }) =>
      managedPolicies.includes(String(policy_arn)) ||
      /^\$\{aws_iam_policy\./.test(String(policy_arn))
        ? undefined
        : policy_arn,
  ),
  ofEach(
    "roles have no policies but those beside them",
    ["aws_iam_role"],
    ({ inline_policy, managed_policy_arns }) => inline_policy ?? managed_policy_arns,
  ),
  ofAllowed("objects are written under a prefix, or one by one", ["identity"], (statement) => {
    const { actions, resources = [] } = statement;
    if (!actions.some((action) => /^s3:(Put|Delete)Object$/.test(action))) return undefined;
    return resources.find((resource) => resource === "*" || /(arn\}|:::[^/]+)\/\*$/.test(resource));
  }),
  ofAllowed("objects are read under a prefix, or one by one", ["identity"], (statement) => {
    const { actions, resources = [] } = statement;
    if (!actions.includes("s3:GetObject")) return undefined;
    return resources.find((resource) => resource === "*" || /(arn\}|:::[^/]+)\/\*$/.test(resource));
  }),
  ofAllowed("secrets are read under a prefix", ["identity"], ({ actions, resources = [] }) => {
    if (!actions.some((action) => action.startsWith("secretsmanager:"))) return undefined;
    return resources.find((resource) => !/:secret:[\w-]+\/[\w-]+\/\*$/.test(resource));
  }),
];
